import { describe, expect, it } from 'vitest';
import { plannedSteps } from '../../src/client/planned-steps.ts';
import { blueprintPlan } from '../../src/contracts/blueprint.ts';
import type { RunStatus, SagaRun, SagaStepRow } from '../../src/contracts/ledger.ts';
import { progressOf, stepReports, type PendingCall } from '../../src/contracts/progress.ts';

const plan = blueprintPlan({
  blueprint: {
    name: 'report',
    version: '1',
    steps: [{ name: 'extract' }, { name: 'load', queue: 'warehouse', undo: { task_type: 'unload', queue: 'movers' } }, { name: 'tell' }],
  },
}).steps;

const now = Date.parse('2027-01-31T08:00:00.000Z');
/** So many seconds ago. */
const ago = (seconds: number): string => new Date(now - 1000 * seconds).toISOString();

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
    expect(progressOf(run, { now }).waiting_on).toEqual([`sleep of extract until ${wakes_at}`, 'a decision on load']);
    expect(progressOf(run, { now }).tasks.map((task) => task.status)).toEqual(['running', 'running', 'running']);
  });

  it('names the queue that an external step waits on, for it may be that nobody polls it', () => {
    const run = runWith([{ status: 'running' }, { status: 'running' }, { status: 'running' }]);
    expect(progressOf(run, { now, pending: [queued(0), queued(1), { ...queued(2), state: 'started' }] }).waiting_on).toEqual([
      'a worker for extract on queue cerebros-python',
      'a worker for load on queue warehouse',
    ]);
    expect(progressOf(run, { now, pending: [queued(1, 2)] }).waiting_on).toEqual(['retry of load']);
  });

  it('names the queue of the undo once a step is taken back', () => {
    const run = runWith([{ status: 'completed' }, { status: 'compensating' }], 'compensating');
    expect(progressOf(run, { now, pending: [queued(1)] }).waiting_on).toEqual(['a worker for load on queue movers']);
  });

  it('names no queue of steps that our own workers run', () => {
    const run = runWith([{ status: 'running' }]);
    const own = { ...run, plan: plan.map((step) => ({ ...step, external: false })) };
    expect(progressOf(own, { now, pending: [queued(0)] }).waiting_on).toEqual(['a worker for extract']);
  });

  it('says first that a run is paused, and that its sleeps go on', () => {
    const run = runWith([{ status: 'sleeping', wakes_at: null }], 'paused');
    expect(progressOf(run, { now }).waiting_on).toEqual(['resume', 'sleep of extract']);
  });
});

describe('eta_s', () => {
  const done = (estimate: number, from: number, to: number): Partial<SagaStepRow> => ({
    status: 'completed',
    estimated_duration_s: estimate,
    queued_at: ago(from),
    completed_at: ago(to),
  });
  const toDo = (estimate: number): Partial<SagaStepRow> => ({ estimated_duration_s: estimate });
  const left = (steps: readonly Partial<SagaStepRow>[], pending: readonly PendingCall[] = [], status: RunStatus = 'running') =>
    progressOf(runWith(steps, status), { now, pending }).eta_s;

  it.each<[string, readonly Partial<SagaStepRow>[], number | null]>([
    ['the estimates, while less than a twentieth of them is done', [done(4, 40, 0), toDo(50), toDo(46)], 96],
    ['the rest at the pace so far, from a twentieth on', [done(5, 50, 0), toDo(50), toDo(45)], 950],
    ['less than the estimates, when it was faster', [done(50, 10, 0), toDo(25), toDo(25)], 10],
    [
      'without the time in which nothing ran: a pause, or a failure until its recovery',
      [done(10, 1000, 980), done(10, 30, 10), toDo(10)],
      20,
    ],
    ['with steps that ran at the same time counted once', [done(10, 20, 10), done(10, 20, 10), toDo(10)], 5],
    ['without what was skipped, which took no time', [{ status: 'skipped', estimated_duration_s: 90 }, done(5, 10, 0), toDo(5)], 10],
    ['null, unless every step has an estimate', [done(5, 50, 0), toDo(50), {}], null],
    ['null, when nobody estimated anything', [{}, {}, {}], null],
  ])('is %s', (_, steps, expected) => {
    expect(left(steps)).toBe(expected);
  });

  it('counts the part of a running step that is done, and the time it has taken', () => {
    const running: Partial<SagaStepRow> = { status: 'running', estimated_duration_s: 10, queued_at: ago(20) };
    const heartbeat = { done: 1, total: 2 };
    expect(left([running, toDo(5), toDo(5)], [{ step_idx: 0, state: 'started', attempt: 1, heartbeat }])).toBe(60);
  });

  it('is null of a run that is being undone, or has closed', () => {
    expect(left([done(5, 50, 0), toDo(5), toDo(5)], [], 'compensating')).toBeNull();
    const run = { ...runWith([done(5, 50, 0), toDo(5), toDo(5)], 'halted'), completed_at: ago(0) };
    expect(progressOf(run, { now }).eta_s).toBeNull();
  });
});

describe('stepReports', () => {
  const beat = (step_idx: number, heartbeat: unknown): PendingCall => ({ step_idx, state: 'started', attempt: 1, heartbeat });

  it('are those of running steps that say how far they are, clipped', () => {
    const run = runWith([{ status: 'running' }, { status: 'running' }, { status: 'completed' }]);
    const pending = [
      beat(0, { done: 3, total: 4, note: 'three' }),
      beat(1, { done: 9, total: 4, note: 7 }),
      beat(2, { done: 1, total: 4 }),
    ];
    expect(stepReports(run, pending)).toEqual([
      { step_idx: 0, fraction: 0.75, note: 'three' },
      { step_idx: 1, fraction: 1, note: null },
    ]);
    expect(progressOf(run, { now, pending }).progress).toBe(91.7);
  });

  it.each([undefined, null, 'half', 3, {}, { done: '1', total: 2 }, { done: 1, total: 0 }, { done: Number.NaN, total: Number.NaN }])(
    'are none for %j',
    (heartbeat) => {
      expect(stepReports(runWith([{ status: 'running' }]), [beat(0, heartbeat)])).toEqual([]);
    },
  );

  it('are never NaN, whatever was done', () => {
    expect(stepReports(runWith([{ status: 'running' }]), [beat(0, { done: Number.NaN, total: 2 })])).toEqual([
      { step_idx: 0, fraction: 0, note: null },
    ]);
  });
});
