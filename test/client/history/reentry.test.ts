import { describe, expect, it } from 'vitest';
import { foldHistory } from '../../../src/client/history/fold.ts';
import type { FoldedRun } from '../../../src/client/history/folded.ts';
import { planRecover, planRollback, planUndoRetry, type ReentryPlan } from '../../../src/client/reentry.ts';
import type { Reentry, SagaStart } from '../../../src/contracts/saga-start.ts';
import { failure, HistoryBuilder } from '../../support/history-builder.ts';
import { asks, sleeps, suspended } from './external-history.ts';

const fold = (history: HistoryBuilder): FoldedRun => foldHistory(history.events, { id: 'r' });

function entryOf(plan: ReentryPlan): Reentry {
  if ('refusal' in plan || !plan.start.reentry) throw new Error(`refused: ${JSON.stringify(plan)}`);
  return plan.start.reentry;
}
const refusalOf = (plan: ReentryPlan): string | undefined => ('refusal' in plan ? plan.refusal.code : undefined);

/** a done, b failed. */
function stopped(start?: SagaStart): HistoryBuilder {
  const history = new HistoryBuilder(start ? { start } : {});
  history.did('0:a:do:1', 1);
  history.broke('1:b:do:1');
  return history;
}

function halted(start?: SagaStart): FoldedRun {
  const history = stopped(start);
  history.task(() =>
    history.close({ status: 'halted', error: { reason: 'step_failed:b', compensate_from_idx: null, message: 'step b failed: it broke' } }),
  );
  return fold(history);
}

function ended(kind: string, attributes: Record<string, unknown> = {}): FoldedRun {
  const history = new HistoryBuilder();
  history.did('0:a:do:1', 1);
  history.task(() => history.scheduled('1:b:do:1'));
  history.add(kind, attributes);
  return fold(history);
}

/** A run whose first step gave this many bytes. */
const large = (bytes: number): FoldedRun => {
  const history = new HistoryBuilder();
  history.did('0:a:do:1', 'x'.repeat(bytes));
  history.add('workflowExecutionTerminated', {});
  return fold(history);
};

describe('recover', () => {
  it('seeds what is known, says what it reuses, undoes and runs, and carries the run on', () => {
    const plan = planRecover(halted({ on_failure: 'halt', job_id: 'j', metadata: { m: 1 }, at: '2026-01-01T00:00:00Z' }), 1);
    expect(plan).toMatchObject({
      start: { on_failure: 'halt', job_id: 'j', metadata: { m: 1 } },
      preview: { reused: [{ step_idx: 0, step_name: 'a' }], undone: [{ step_idx: 1 }], run: [{ step_idx: 1 }, { step_idx: 2 }] },
    });
    expect(plan).not.toHaveProperty('start.at');
    expect(entryOf(plan)).toMatchObject({
      mode: 'recover',
      from_step: 1,
      run_no: 2,
      root_run_id: 'run-1',
      recovery_attempts: 1,
      paused: false,
      context: { a: 1 },
      steps: [
        { step_idx: 0, status: 'completed', outcome: 'done', output: 1, generation: 0 },
        { step_idx: 1, status: 'failed', outcome: 'unknown', error: { code: 'BOOM', message: 'it broke' } },
      ],
    });
  });

  it('undoes completed steps from an earlier one on', () => {
    expect(planRecover(halted(), 0)).toMatchObject({ preview: { reused: [], undone: [{ step_idx: 0 }, { step_idx: 1 }] } });
  });

  it.each([2, -1, 0.5, Number.NaN])('refuses to begin at %s, behind the first unfinished step or nowhere', (from) => {
    expect(planRecover(halted(), from)).toMatchObject({ refusal: { code: 'REFUSED', hint: 'cerebros recover r --from-step 1' } });
  });

  it('refuses past its bound', () => {
    expect(refusalOf(planRecover(halted({ max_recovery_attempts: 0 }), 1))).toBe('REFUSED');
    expect(refusalOf(planRecover(halted({ max_recovery_attempts: 0 }), 1, { max_recovery_attempts: 1 }))).toBeUndefined();
  });

  it('refuses a seed that is too large, and leaves out a context that is', () => {
    expect(planRecover(large(800 * 1024), 1)).toMatchObject({
      refusal: { message: expect.stringContaining('store outputs as artifacts') },
    });
    expect(entryOf(planRecover(large(500 * 1024), 1))).not.toHaveProperty('context');
  });
});

describe('rollback', () => {
  it.each([
    ['workflowExecutionTerminated', {}, { reason: 'terminated' }],
    ['workflowExecutionTimedOut', {}, { reason: 'timeout' }],
    ['workflowExecutionFailed', { failure: failure('TypeError', 'bug') }, { reason: 'terminated', code: 'TypeError', message: 'bug' }],
  ])('undoes what stands, a step of unknown outcome included: %s', (kind, attributes, error) => {
    const plan = planRollback(ended(kind, attributes));
    expect(plan).toMatchObject({ preview: { undone: [{ step_idx: 0 }, { step_idx: 1 }] } });
    expect(entryOf(plan)).toMatchObject({
      mode: 'rollback',
      error: { ...error, compensate_from_idx: 1 },
      steps: [{}, { step_idx: 1, status: 'running', outcome: 'unknown' }],
    });
  });

  it('seeds a step that slept, or waited, as one of unknown outcome', () => {
    for (const said of [sleeps(), asks()]) {
      const { history } = suspended(said);
      history.add('workflowExecutionTerminated', {});
      const plan = planRollback(fold(history));
      expect(plan).toMatchObject({ preview: { undone: [{ step_idx: 0 }] } });
      expect(entryOf(plan).steps).toEqual([
        {
          step_idx: 0,
          status: 'running',
          outcome: 'unknown',
          attempts: 3,
          worker_id: 'w1',
          queued_at: expect.any(String),
          started_at: '2026-01-01T00:00:00.500Z',
          generation: 0,
        },
      ]);
    }
  });

  it("keeps a halted run's reason, or takes the one that is given", () => {
    expect(entryOf(planRollback(halted())).error).toMatchObject({ reason: 'step_failed:b', compensate_from_idx: 1 });
    expect(entryOf(planRollback(halted(), { reason: 'cancelled' })).error?.reason).toBe('cancelled');
  });

  it('seeds a step that was being undone with the outcome it had, and one that was undone with its generation', () => {
    const history = stopped();
    history.did('1:b:undo:1');
    history.task(() => history.scheduled('0:a:undo:1'));
    history.add('workflowExecutionTerminated', {});
    const { steps } = entryOf(planRollback(fold(history)));
    expect(steps).toMatchObject([
      { status: 'completed', output: 1, generation: 0 },
      { status: 'failed', generation: 1, compensated_at: expect.any(String) },
    ]);
  });

  it('takes a completed run only when told to', () => {
    const history = new HistoryBuilder();
    history.did('0:a:do:1', 1);
    history.task(() => history.finish());
    expect(refusalOf(planRollback(fold(history)))).toBe('REFUSED');
    expect(entryOf(planRollback(fold(history), { completed_too: true })).error?.reason).toBe('cancelled');
  });
});

describe('undo retry', () => {
  it('takes a run with something stuck, and nothing else', () => {
    const history = stopped();
    history.broke('0:a:undo:1', failure('E', 'm'));
    const stuck = [{ step_idx: 0, step_name: 'a', code: 'E', message: 'm' }];
    history.task(() => history.close({ status: 'failed', error: { reason: 'step_failed:b', compensate_from_idx: 0, stuck } }));
    const entry = entryOf(planUndoRetry(fold(history)));
    expect(entry).toMatchObject({
      mode: 'undo_retry',
      error: { reason: 'step_failed:b' },
      steps: [{ status: 'compensation_failed', outcome: 'done', output: 1, error: { code: 'E' } }, { status: 'failed' }],
    });
    expect(entry.error).not.toHaveProperty('stuck');
    expect(refusalOf(planUndoRetry(halted()))).toBe('REFUSED');
    expect(refusalOf(planRecover(fold(history), 0))).toBe('REFUSED');
  });
});

it('refuses an open run, whatever is asked', () => {
  const open = fold(stopped());
  expect([planRecover(open, 0), planRollback(open), planUndoRetry(open)].map(refusalOf)).toEqual(['CONFLICT', 'CONFLICT', 'CONFLICT']);
});

it('carries generations and dynamic steps through a chain of re-entries', () => {
  const reentry = entryOf(planRecover(halted(), 0));
  const again = new HistoryBuilder({ run_id: 'run-2', start: { reentry: { ...reentry, dynamic_steps: [{ name: 'd' }] } } });
  again.did('1:b:undo:1');
  again.did('0:a:undo:1');
  again.did('0:a:do:1', 2);
  again.add('workflowExecutionTerminated', {});
  const next = entryOf(planRecover(fold(again), 1));
  expect(next).toMatchObject({ run_no: 3, root_run_id: 'run-1', recovery_attempts: 2, dynamic_steps: [{ name: 'd' }] });
  expect(next.steps.map((step) => [step.step_idx, step.status, step.generation])).toEqual([
    [0, 'completed', 1],
    [1, 'pending', 1],
  ]);
});
