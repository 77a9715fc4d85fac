import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { boundedWrites } from '../../src/activities/bounded-writes.ts';
import type { TrialBatch } from '../../src/contracts/nas-search.ts';
import { closeLedger, openLedger, type Sql } from '../../src/ledger/connection.ts';
import { listTrials } from '../../src/ledger/queries/list-trials.ts';
import { putTrialBatch } from '../../src/ledger/queries/put-trial-batch.ts';
import { epoch, trial, trialBatch, trialEvent } from '../ledger/trial-rows.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';

const quiet = { logger: new DefaultLogger('ERROR') };
let database: TestDatabase;
let admin: Sql;
let sql: Sql;
beforeAll(async () => {
  database = await createTestDatabase();
  admin = openLedger(database.url, { max: 1 });
  sql = openLedger(database.url, { max: 2, application_name: 'worker' });
});
afterAll(async () => {
  await Promise.all([closeLedger(sql), closeLedger(admin)]);
  await database.drop();
});

describe('a bounded write', () => {
  test('is made by a local and by a regular activity', async () => {
    const write = writer(sql);
    await local().run(write, trialBatch({ trials: [trial('plain', 1)] }));
    await regular().run(write, {
      trials: [trial('plain', 2)],
      epochs: [epoch('plain', 2, 1)],
      events: [trialEvent('plain', 2, 'started')],
    });
    expect((await listTrials(admin, 'plain')).map(({ number }) => number)).toEqual([1, 2]);
  });

  test('ends within 500 ms as a local activity when Postgres does not get to it, and has Postgres stop', async () => {
    const write = writer(sql);
    await locked(async () => {
      const started = performance.now();
      const late = local().run(write, trialBatch({ trials: [trial('late', 1)] }));
      await expect(late).rejects.toMatchObject({ type: 'LEDGER_TIMEOUT', nonRetryable: false });
      expect(performance.now() - started).toBeLessThan(800);
      await expect.poll(waiting, { timeout: 5000 }).toBe(0);
    });
    expect(await listTrials(admin, 'late')).toEqual([]);
  });

  test('refuses at once what comes while too many are waiting', async () => {
    const write = writer(sql, 1);
    await locked(async () => {
      const outcomes = await Promise.allSettled([1, 2].map((n) => local().run(write, trialBatch({ trials: [trial('many', n)] }))));
      expect(outcomes.map((outcome) => outcome.status === 'rejected' && (outcome.reason as { type: string }).type)).toEqual([
        'LEDGER_TIMEOUT',
        'LEDGER_BUSY',
      ]);
    });
  });

  test('names what it was to write and the constraint when Postgres refuses it, and stays retryable', async () => {
    const write = writer(sql);
    const refused = local().run(
      write,
      trialBatch({ trials: [trial('bad', 1, { status: 'odd' as 'failed' })], epochs: [epoch('bad', 1, 1)] }),
    );
    await expect(refused).rejects.toMatchObject({
      type: 'LEDGER_REFUSED',
      nonRetryable: false,
      message: expect.stringMatching(/^ledger: record of bad failed: Postgres refused it: .*trials_status_check/) as string,
    });
  });

  test('fails for an unreachable Postgres with a retryable failure that says so', async () => {
    const elsewhere = openLedger('postgres://nobody@127.0.0.1:1/none');
    const nowhere = local().run(writer(elsewhere), trialBatch({ trials: [trial('nowhere', 1)] }));
    await expect(nowhere).rejects.toMatchObject({ type: 'LEDGER_UNAVAILABLE', nonRetryable: false });
    await closeLedger(elsewhere);
  });
});

/** An activity that writes trials. */
function writer(to: Sql, inFlightMax = 256): (batch: TrialBatch) => Promise<void> {
  const bounded = boundedWrites(inFlightMax);
  return (batch) => bounded({ what: `record of ${batch.trials[0]?.run}`, write: (signal) => putTrialBatch(to, batch, signal) });
}

function local(): MockActivityEnvironment {
  return new MockActivityEnvironment({ isLocal: true, startToCloseTimeoutMs: 5000 }, quiet);
}

function regular(): MockActivityEnvironment {
  return new MockActivityEnvironment({ isLocal: false }, quiet);
}

/** Runs `fn` while nobody else can write a trial. */
async function locked(fn: () => Promise<void>): Promise<void> {
  const holder = openLedger(database.url, { max: 1 });
  await holder.begin(async (tx) => {
    await tx`lock table trials in exclusive mode`;
    await fn();
  });
  await closeLedger(holder);
}

async function waiting(): Promise<number> {
  const [row] = await admin<{ count: number }[]>`
    select count(*) from pg_stat_activity where datname = current_database() and application_name = 'worker' and wait_event_type = 'Lock'`;
  return row?.count ?? 0;
}
