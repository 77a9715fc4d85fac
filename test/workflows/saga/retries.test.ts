import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../../../src/contracts/ledger.ts';
import type { Answer } from '../../../src/workflows/saga/types.ts';
import { bodiedPlan } from '../../support/bodied.ts';
import { startRig, type Rig } from '../../support/rig.ts';
import { callsOf, chain, endOf, runOf, statuses, step, undosOf } from '../../support/saga-runs.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

describe('retries', () => {
  const historyOf = (id: string) => rig.client.workflow.getHandle(id).fetchHistory();

  it('a step that fails twice completes at its third attempt, and its row says so', async () => {
    const { rows } = await runOf(rig, [step('a', { do: 'flaky' })]);
    expect(rows.steps[0]).toMatchObject({ status: 'completed', attempts: 3, error: null, output: 'a' });
  });

  it('an error that is not retryable stops the step at once', async () => {
    const { id, rows } = await runOf(rig, [step('a', { do: 'fail' }, { max_retries: 5 })]);
    expect(rows.steps[0]).toMatchObject({ status: 'failed', attempts: 1, error: { code: 'SCRIPTED', message: 'a was told to fail' } });
    expect(callsOf(await historyOf(id))).toEqual([
      ['0:a:do:1', 1],
      ['0:a:undo:1', 1],
    ]);
  });

  it.each([0, 2])('max_retries %i is honoured, and attempts are counted', async (retries) => {
    const { id, rows } = await runOf(rig, [step('a', { do: 'reject', no_undo: true }, { max_retries: retries })]);
    expect(rows.steps[0]).toMatchObject({ status: 'failed', attempts: retries + 1, error: { code: 'REJECTED', message: 'never' } });
    expect(callsOf(await historyOf(id))).toEqual([['0:a:do:1', retries + 1]]);
  });

  it('the pauses are 1 s, 2 s, 4 s …, and an undo is retried more often', async () => {
    const { id } = await runOf(rig, [step('a', { do: 'fail' }, { undo: { max_retries: 7 } })]);
    const { events } = await historyOf(id);
    const policies = (events ?? []).flatMap((event) => event.activityTaskScheduledEventAttributes?.retryPolicy ?? []);
    expect(policies.map((policy) => [Number(policy.initialInterval?.seconds), policy.backoffCoefficient, policy.maximumAttempts])).toEqual([
      [1, 2, 4],
      [1, 2, 8],
    ]);
  });

  it('an undo that fails twice is retried until it is done', async () => {
    const { id, rows } = await runOf(rig, chain(step('a', { undo: 'flaky' }), step('b', { do: 'fail', no_undo: true })));
    expect(rows).toMatchObject({ status: 'rolled_back' });
    expect(undosOf(rig, id)).toEqual(['undo a done']);
    expect(callsOf(await historyOf(id)).at(-1)).toEqual(['0:a:undo:1', 3]);
  });

  it.each<[string, Answer<Json>[], string[], string]>([
    [
      'retry runs the step for another round',
      [{ answer: 'retry' }, { answer: 'retry' }],
      ['0:a:do:1', '0:a:do:2', '0:a:do:3', '0:a:undo:1'],
      'rolled_back',
    ],
    ['fail fails it', [{ answer: 'fail' }], ['0:a:do:1', '0:a:undo:1'], 'rolled_back'],
    [
      'continue goes on with the value',
      [{ answer: 'continue', value: { plan: 'b' } }],
      ['0:a:do:1', '0:a:value:1', '1:b:do:1'],
      'completed',
    ],
    [
      'retry is granted ten rounds at most',
      Array.from({ length: 12 }, () => ({ answer: 'retry' })),
      [...Array.from({ length: 10 }, (_, n) => `0:a:do:${n + 1}`), '0:a:undo:1'],
      'rolled_back',
    ],
  ])('compensate answering %s', async (_title, compensate, calls, status) => {
    const { id, rows } = await runOf(rig, chain(step('a', { do: 'fail', compensate }), step('b')));
    expect(callsOf(await historyOf(id)).map(([call]) => call)).toEqual(calls);
    expect(rows.status).toBe(status);
  });
});

describe('a value that a compensate continues with', () => {
  it('the value of a continue is in the ledger and in the result, and no error stays', async () => {
    const value = { plan: 'b' };
    const { rows, result } = await runOf(rig, [step('a', { do: 'fail', compensate: [{ answer: 'continue', value }] })]);
    expect(rows.steps[0]).toMatchObject({ status: 'completed', output: value, error: null });
    expect(rows.context).toEqual({ a: value });
    expect(result).toEqual({ a: value });
  });

  it('a continued value is handed to the undo like an output', async () => {
    const a = step('a', { do: 'fail', compensate: [{ answer: 'continue', value: 1 }] });
    const { id, rows } = await runOf(rig, chain(a, step('b', { do: 'fail', no_undo: true })));
    expect(undosOf(rig, id)).toEqual(['undo a done']);
    expect(statuses(rows)).toEqual(['compensated', 'failed']);
  });

  it.each([
    ['is no JSON', 'nan_compensate'],
    ['is over the bound', 'huge_compensate'],
  ])('a continued value that %s leaves the step failed', async (_title, variant) => {
    const handle = await rig.startWorkflow('bodied', bodiedPlan, [{ variant }]);
    expect(await endOf(handle)).toMatchObject({
      temporal: 'failed',
      type: 'SAGA_ROLLED_BACK',
      close: { failed_step: { step_idx: 1, code: 'SCRIPTED' } },
    });
    expect(statuses(await rig.rows(handle.workflowId)).slice(0, 2)).toEqual(['compensated', 'failed']);
  });
});
