import { describe, expect, it } from 'vitest';
import { plannedSteps } from '../../src/client/planned-steps.ts';
import { blueprintPlan } from '../../src/contracts/blueprint.ts';
import type { RunStatus, SagaRun, SagaStepRow } from '../../src/contracts/ledger.ts';
import { progressOf, type PendingCall } from '../../src/contracts/progress.ts';

const plan = blueprintPlan({
  blueprint: {
    name: 'report',
    version: '1',
    steps: [{ name: 'extract' }, { name: 'load', queue: 'warehouse', undo: { task_type: 'unload', queue: 'movers' } }, { name: 'tell' }],
  },
}).steps;

/** A run of three steps, each with what is given of it. */
function runWith(steps: readonly Partial<SagaStepRow>[], status: RunStatus = 'running'): SagaRun {
  const planned = plannedSteps({ id: 'run', kind: 'blueprint', plan });
  const rest = { job_id: null, recovery_attempts: 0, completed_at: null, error: null };
  return { id: 'run', status, plan, steps: planned.map((step, idx) => ({ ...step, ...steps[idx] })), ...rest } as unknown as SagaRun;
}

const queued = (step_idx: number, attempt = 1): PendingCall => ({ step_idx, state: 'scheduled', attempt });

describe('waiting_on', () => {
  it('names steps that sleep, with the time they wake, and steps that wait for a decision', () => {
    const wakes_at = '2027-01-31T08:00:00.000Z';
    const run = runWith([{ status: 'sleeping', wakes_at }, { status: 'waiting', wakes_at }, { status: 'running' }]);
    expect(progressOf(run).waiting_on).toEqual([`sleep of extract until ${wakes_at}`, 'a decision on load']);
    expect(progressOf(run).tasks.map((task) => task.status)).toEqual(['running', 'running', 'running']);
  });

  it('names the queue that an external step waits on, for it may be that nobody polls it', () => {
    const run = runWith([{ status: 'running' }, { status: 'running' }, { status: 'running' }]);
    expect(progressOf(run, [queued(0), queued(1), { ...queued(2), state: 'started' }]).waiting_on).toEqual([
      'a worker for extract on queue cerebros-python',
      'a worker for load on queue warehouse',
    ]);
    expect(progressOf(run, [queued(1, 2)]).waiting_on).toEqual(['retry of load']);
  });

  it('names the queue of the undo once a step is taken back', () => {
    const run = runWith([{ status: 'completed' }, { status: 'compensating' }], 'compensating');
    expect(progressOf(run, [queued(1)]).waiting_on).toEqual(['a worker for load on queue movers']);
  });

  it('names no queue of steps that our own workers run', () => {
    const run = runWith([{ status: 'running' }]);
    const own = { ...run, plan: plan.map((step) => ({ ...step, external: false })) };
    expect(progressOf(own, [queued(0)]).waiting_on).toEqual(['a worker for extract']);
  });

  it('says first that a run is paused, and that its sleeps go on', () => {
    const run = runWith([{ status: 'sleeping', wakes_at: null }], 'paused');
    expect(progressOf(run).waiting_on).toEqual(['resume', 'sleep of extract']);
  });
});
