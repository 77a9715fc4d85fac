import { beforeAll, describe, expect, test } from 'vitest';
import type { RunPatch, SagaRun } from '../../src/contracts/ledger.ts';
import { deleteModel } from '../../src/ledger/queries/delete-model.ts';
import { deletePendingRun } from '../../src/ledger/queries/delete-pending-run.ts';
import { flushBatch } from '../../src/ledger/queries/flush-batch.ts';
import { getModel } from '../../src/ledger/queries/get-model.ts';
import { getRun } from '../../src/ledger/queries/get-run.ts';
import { insertPendingRun } from '../../src/ledger/queries/insert-pending-run.ts';
import { latestSeq } from '../../src/ledger/queries/latest-seq.ts';
import { listMetrics } from '../../src/ledger/queries/list-metrics.ts';
import { listModels } from '../../src/ledger/queries/list-models.ts';
import { listRunIds } from '../../src/ledger/queries/list-run-ids.ts';
import { listRuns } from '../../src/ledger/queries/list-runs.ts';
import type { RunFilter } from '../../src/ledger/queries/list-runs.ts';
import { putMetrics } from '../../src/ledger/queries/put-metrics.ts';
import { putModel } from '../../src/ledger/queries/put-model.ts';
import { replaceRun } from '../../src/ledger/queries/replace-run.ts';
import { useTestLedger } from '../support/postgres.ts';
import { batch, event, NOON, step } from './batches.ts';

const { sql } = useTestLedger();

describe('listRuns', () => {
  const runs: readonly (RunPatch & { readonly id: string })[] = [
    { id: 'pending', status: 'pending' },
    { id: 'running', status: 'running', kind: 'provision' },
    { id: 'completed', status: 'completed' },
    { id: 'halted', status: 'halted', kind: 'provision', recovery_attempts: 2 },
    { id: 'given-up', status: 'halted', recovery_attempts: 3 },
    { id: 'failed', status: 'failed' },
    { id: 'undone', status: 'rolled_back', error: { reason: 'step_failed:a', compensate_from_idx: 0 } },
    { id: 'cancelled', status: 'rolled_back', error: { reason: 'cancelled', compensate_from_idx: 0 } },
  ];
  beforeAll(async () => {
    for (const [n, { id, ...run }] of runs.entries()) {
      await flushBatch(sql, batch(id, 1, { run: { kind: 'proof', created_at: `2026-01-0${n + 1}T00:00:00.000Z`, ...run } }));
    }
  });

  test.each<[RunFilter, string[]]>([
    [{ limit: 3 }, ['cancelled', 'undone', 'failed']],
    [{ kind: 'provision' }, ['halted', 'running']],
    [{ status: 'completed' }, ['completed']],
    [{ active: true }, ['running', 'pending']],
    [{ failed: true }, ['undone', 'failed', 'given-up', 'halted']],
    [{ recoverable: true }, ['halted']],
    [{ kind: 'proof', failed: true }, ['undone', 'failed', 'given-up']],
    [{ active: true, failed: true }, []],
  ])('with %j returns %j, newest first', async (filter, ids) => {
    expect((await listRuns(sql, filter)).map((run) => run.id)).toEqual(ids);
  });

  test('pages through the ids of all runs', async () => {
    const first = await listRunIds(sql, { limit: 5 });
    const second = await listRunIds(sql, { after: first.at(-1) ?? '', limit: 5 });
    expect([first.length, second.length]).toEqual([5, 3]);
    expect([...first, ...second].toSorted()).toEqual(runs.map((run) => run.id).toSorted());
  });
});

describe('a pending run', () => {
  const pending = { id: 'soon', kind: 'proof', plan: [{ name: 'echo' }], inputs: { message: 'a\0b' } };

  test('is inserted once, without a run id and at version 0', async () => {
    expect([await insertPendingRun(sql, pending), await insertPendingRun(sql, { ...pending, kind: 'other' })]).toEqual([true, false]);
    expect(await getRun(sql, 'soon')).toMatchObject({
      kind: 'proof',
      run_id: null,
      version: 0,
      status: 'pending',
      inputs: { message: 'a\uFFFDb' },
      steps: [],
    });
  });

  test('is taken back only as long as it has not started', async () => {
    expect([await deletePendingRun(sql, 'soon'), await deletePendingRun(sql, 'soon')]).toEqual([true, false]);
    await insertPendingRun(sql, pending);
    await flushBatch(sql, batch('soon', 1, { run: { run_id: 'r', status: 'running' } }));
    expect(await deletePendingRun(sql, 'soon')).toBe(false);
    expect(await getRun(sql, 'soon')).toMatchObject({ plan: [{ name: 'echo' }], status: 'running' });
  });
});

describe('replaceRun', () => {
  test('puts a run in the place of a newer one, and drops steps it does not have', async () => {
    await flushBatch(
      sql,
      batch('rebuilt', 100, { run: { kind: 'proof', status: 'running', context: { a: 1 } }, steps: [step(0), step(1), step(12)] }),
    );
    const stored = await getRun(sql, 'rebuilt');
    if (stored === undefined) throw new Error('expected the run');
    const steps = stored.steps.slice(0, 1).map((row) => ({ ...row, status: 'compensated' as const, version: 7 }));
    const rebuilt: SagaRun = { ...stored, status: 'rolled_back', context: { b: 2 }, completed_at: NOON, version: 7, steps };
    await replaceRun(sql, rebuilt);
    expect(await getRun(sql, 'rebuilt')).toEqual(rebuilt);
  });

  test('makes a run that is not there', async () => {
    const stored = await getRun(sql, 'rebuilt');
    if (stored === undefined) throw new Error('expected the run');
    const copy: SagaRun = { ...stored, id: 'copied', steps: stored.steps.map((row) => ({ ...row, saga_id: 'copied' })) };
    await replaceRun(sql, copy);
    expect(await getRun(sql, 'copied')).toEqual(copy);
  });
});

describe('models and metrics', () => {
  const model = { id: 'digits', run_id: 'run', sha256: 'ab', uri: 'file:///x', spec: { layers: [] }, metrics: { accuracy: 0.98 } };

  test('a model is put, overwritten, listed and deleted', async () => {
    await putModel(sql, model);
    const first = await getModel(sql, 'digits');
    await putModel(sql, { ...model, sha256: 'cd' });
    expect(await listModels(sql)).toEqual([{ ...model, sha256: 'cd', created_at: first?.created_at }]);
    expect([await deleteModel(sql, 'digits'), await deleteModel(sql, 'digits')]).toEqual([true, false]);
    expect(await getModel(sql, 'digits')).toBeUndefined();
  });

  test('a point of a curve is overwritten by the same point, and may be no number', async () => {
    const point = (step_: number, value: number) => ({ run: 'run', trial: 0, step: step_, name: 'loss', value });
    await putMetrics(sql, [point(1, 0.1), point(2, 0.5), point(2, 0.2)]);
    await putMetrics(sql, [point(2, 0.3), point(3, Number.NaN), point(4, Number.POSITIVE_INFINITY), { ...point(1, 9), trial: 1 }]);
    const points = await listMetrics(sql, { run: 'run', trial: 0, name: 'loss' });
    expect(points.map((stored) => stored.value)).toEqual([0.1, 0.3, Number.NaN, Number.POSITIVE_INFINITY]);
    expect(await listMetrics(sql, { run: 'run' })).toHaveLength(5);
  });
});

test('latestSeq is 0 without events, then the seq of the newest', async () => {
  expect(await latestSeq(sql)).toBe(0);
  await flushBatch(sql, batch('noisy', 1, { events: [event('noisy', '1'), event('noisy', '2')] }));
  expect(await latestSeq(sql)).toBe(2);
});
