import { describe, expect, test } from 'vitest';
import type { TrialRow } from '../../src/contracts/nas-search.ts';
import { closeLedger, openLedger } from '../../src/ledger/connection.ts';
import { closeTrials } from '../../src/ledger/queries/close-trials.ts';
import { eventsAfter } from '../../src/ledger/queries/events-after.ts';
import { flushBatch } from '../../src/ledger/queries/flush-batch.ts';
import { listMetrics } from '../../src/ledger/queries/list-metrics.ts';
import { listTrials } from '../../src/ledger/queries/list-trials.ts';
import { putTrialBatch } from '../../src/ledger/queries/put-trial-batch.ts';
import { trialCurves } from '../../src/ledger/queries/trial-curves.ts';
import { trialSummary } from '../../src/ledger/queries/trial-summary.ts';
import { useTestLedger } from '../support/postgres.ts';
import { batch, event, NOON } from './batches.ts';
import { epoch, trial, trialBatch, trialEvent } from './trial-rows.ts';

const { sql, url } = useTestLedger();

const put = (...trials: TrialRow[]): Promise<void> => putTrialBatch(sql, trialBatch({ trials }));

describe('putTrialBatch', () => {
  test('gives rows back as they were, by number', async () => {
    const running = trial('rows', 12, {
      status: 'running',
      value: null,
      epochs: 0,
      weights_sha256: null,
      engine: null,
      completed_at: null,
      params: { 'learning rate': 1e-3, on: false },
    });
    const failed = trial('rows', 0, { status: 'failed', param_count: 9e9, error: { code: 'MODEL_TOO_LARGE', message: 'too large' } });
    await put(running, trial('other', 1), failed);
    expect(await listTrials(sql, 'rows')).toEqual([failed, running]);
    expect(await listTrials(sql, 'nothing')).toEqual([]);
  });

  test('never lets an older version overwrite a row, and takes an equal one as the same change', async () => {
    await put(trial('versions', 1, { version: 5, value: 0.5 }));
    await put(trial('versions', 1, { version: 4, value: 0.4 }));
    expect(await listTrials(sql, 'versions')).toMatchObject([{ version: 5, value: 0.5 }]);
    await put(trial('versions', 1, { version: 5, value: 0.55 }));
    expect(await listTrials(sql, 'versions')).toMatchObject([{ version: 5, value: 0.55 }]);
    await put(trial('versions', 1, { version: 6, value: null, error: null, status: 'running' }));
    expect(await listTrials(sql, 'versions')).toMatchObject([{ version: 6, value: null, status: 'running' }]);
  });

  test('keeps the newest of several rows of a trial in one batch, whatever their order', async () => {
    await put(
      trial('several', 1, { version: 2, status: 'pruned' }),
      trial('several', 1, { version: 3 }),
      trial('several', 1, { version: 1 }),
    );
    expect(await listTrials(sql, 'several')).toMatchObject([{ version: 3, status: 'completed' }]);
  });

  test('writes two points an epoch, and an epoch again over itself', async () => {
    await putTrialBatch(sql, trialBatch({ epochs: [epoch('points', 3, 1, 0.7), epoch('points', 3, 2, 0.8), epoch('points', 3, 2, 0.9)] }));
    await putTrialBatch(sql, trialBatch({ epochs: [epoch('points', 3, 1, 0.75)] }));
    expect(await listMetrics(sql, { run: 'points' })).toEqual([
      { run: 'points', trial: 3, step: 1, name: 'train_loss', value: 1 },
      { run: 'points', trial: 3, step: 2, name: 'train_loss', value: 0.5 },
      { run: 'points', trial: 3, step: 1, name: 'validation_accuracy', value: 0.75 },
      { run: 'points', trial: 3, step: 2, name: 'validation_accuracy', value: 0.9 },
    ]);
  });

  test('adds its events once, as CloudEvents of the search, in their order', async () => {
    const events = [trialEvent('told', 0, 'started'), trialEvent('told', 10, 'promoted'), trialEvent('told', 2, 'failed')];
    await putTrialBatch(sql, trialBatch({ events }));
    await putTrialBatch(sql, trialBatch({ events: [...events, trialEvent('told', 2, 'cancelled')] }));
    const stored = (await eventsAfter(sql, { after: 0 })).filter((one) => one.subject === 'told');
    expect(stored.map((one) => one.type)).toEqual([
      'cerebros.trial.started',
      'cerebros.trial.promoted',
      'cerebros.trial.failed',
      'cerebros.trial.cancelled',
    ]);
    expect(stored[0]).toMatchObject({ id: 'told/0/started', source: 'cerebros', time: NOON, data: events[0]?.data });
  });

  test('writes nothing of a batch that Postgres refuses in part', async () => {
    const trials = [trial('refused', 1), trial('refused', 2, { status: 'exploded' as 'failed' })];
    const refused = putTrialBatch(sql, { trials, epochs: [epoch('refused', 1, 1)], events: [trialEvent('refused', 1, 'started')] });
    await expect(refused).rejects.toThrow('trials_status_check');
    expect(await listTrials(sql, 'refused')).toEqual([]);
    expect(await listMetrics(sql, { run: 'refused' })).toEqual([]);
    expect((await eventsAfter(sql, { after: 0 })).filter((one) => one.subject === 'refused')).toEqual([]);
  });
});

test('putTrialBatch waits for an event that another writer has not committed, so that a reader by seq misses none', async () => {
  const slow = openLedger(url, { max: 1 });
  const before = (await eventsAfter(sql, { after: 0 })).at(-1)?.seq ?? 0;
  let written: Promise<void> | undefined;
  await slow.begin(async (tx) => {
    await flushBatch(tx, batch('slow', 1, { events: [event('slow', '1')] }));
    written = putTrialBatch(sql, trialBatch({ events: [trialEvent('fast', 1, 'started')] }));
    await expect.poll(waitingForEvents, { timeout: 5000 }).toBe(1);
    expect(await eventsAfter(sql, { after: before })).toEqual([]);
  });
  await written;
  await closeLedger(slow);
  expect((await eventsAfter(sql, { after: before })).map((one) => one.subject)).toEqual(['slow', 'fast']);
});

describe('closeTrials', () => {
  test('cancels what is open and leaves the rest, and lets no late write open it again', async () => {
    const open = trial('closing', 1, { status: 'running', value: null, completed_at: null, version: 7 });
    await put(
      open,
      trial('closing', 2, { status: 'waiting', value: 0.8, version: 7 }),
      trial('closing', 3),
      trial('closing', 4, { status: 'failed' }),
    );
    await put(trial('not closing', 1, { status: 'running' }));
    expect([await closeTrials(sql, 'closing'), await closeTrials(sql, 'closing')]).toEqual([2, 0]);
    await put(open);
    const trials = await listTrials(sql, 'closing');
    expect(trials.map((one) => one.status)).toEqual(['cancelled', 'cancelled', 'completed', 'failed']);
    expect(trials.map((one) => one.completed_at !== null)).toEqual([true, true, true, true]);
    expect(trials[1]).toMatchObject({ value: 0.8, completed_at: NOON });
    expect(await listTrials(sql, 'not closing')).toMatchObject([{ status: 'running' }]);
  });
});

describe('trialCurves', () => {
  test('gives the epochs of the trials asked for, by epoch', async () => {
    const epochs = [epoch('curves', 1, 2, 0.9), epoch('curves', 1, 1, 0.8), epoch('curves', 2, 1), epoch('curves', 10, 1, 0.6)];
    await putTrialBatch(sql, trialBatch({ epochs }));
    expect(await trialCurves(sql, { run: 'curves', trials: [10, 1, 99] })).toEqual([
      {
        trial: 1,
        epochs: [
          { epoch: 1, train_loss: 1, validation_accuracy: 0.8 },
          { epoch: 2, train_loss: 0.5, validation_accuracy: 0.9 },
        ],
      },
      { trial: 10, epochs: [{ epoch: 1, train_loss: 1, validation_accuracy: 0.6 }] },
    ]);
    expect(await trialCurves(sql, { run: 'curves', trials: [] })).toEqual([]);
  });
});

describe('trialSummary', () => {
  test('counts the trials of a search by status and names its best', async () => {
    const failed = trial('summary', 4, { status: 'failed', value: 1 });
    await put(
      trial('summary', 1),
      trial('summary', 2, { value: 0.95 }),
      trial('summary', 3, { status: 'pruned', value: 1, epochs: 1 }),
      failed,
    );
    expect(await trialSummary(sql, 'summary')).toEqual({
      counts: { completed: 2, pruned: 1, failed: 1 },
      best: { number: 2, params: { depth: 2, activation: 'relu' }, value: 0.95, epochs: 3, param_count: 101_770 },
    });
    expect(await trialSummary(sql, 'nothing')).toEqual({ counts: {}, best: null });
  });
});

async function waitingForEvents(): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select count(*) from pg_locks where locktype = 'advisory' and not granted
      and database = (select oid from pg_database where datname = current_database())`;
  return row?.count ?? 0;
}
