import { describe, expect, it } from 'vitest';
import { foldHistory } from '../../../src/client/history/fold.ts';
import type { FoldedRun, FoldedStep } from '../../../src/client/history/folded.ts';
import { CANCELLED_FAILURE, failure, HistoryBuilder, payload, raw, returned, timeoutFailure } from '../../support/history-builder.ts';

const fold = (history: HistoryBuilder): FoldedRun => foldHistory(history.events, { id: 'r' });
const stepOf = (history: HistoryBuilder, idx = 0): FoldedStep => {
  const step = fold(history).steps[idx];
  if (!step) throw new Error(`no step ${idx}`);
  return step;
};

/** One task in which the call is made, then its end. */
function called(make: (history: HistoryBuilder) => number, end: (history: HistoryBuilder, id: number) => unknown): HistoryBuilder {
  const history = new HistoryBuilder();
  let id = 0;
  history.task(() => (id = make(history)));
  end(history, id);
  return history;
}
const activity = (history: HistoryBuilder): number => history.scheduled('0:a:do:1');
const subSaga = (history: HistoryBuilder): number => history.child('0:a:do:1 label');

describe('a call that ended', () => {
  it.each([
    ['an activity', called(activity, (h, id) => h.completed(id, payload(returned({ v: 1 }))))],
    [
      'a light step',
      called(
        (h) => h.marker('0:a:do:1 label', { result: payload(returned({ v: 1 })) }),
        () => 0,
      ),
    ],
    ['a sub-saga', called(subSaga, (h, id) => h.childEnded('Completed', id, { result: { payloads: [payload({ v: 1 })] } }))],
  ])('completes the step of %s with its output', (_what, history) => {
    expect(stepOf(history)).toMatchObject({ status: 'completed', outcome: 'done', output: { v: 1 }, error: null, activity_id: '0:a:do:1' });
  });

  it('tells attempt, worker and start from what the worker returned', () => {
    expect(stepOf(called(activity, (h, id) => h.completed(id)))).toMatchObject({
      output: null,
      attempts: 1,
      worker_id: 'w1',
      started_at: '2026-01-01T00:00:00.500Z',
    });
  });

  it('completes the step of a job as soon as the job runs', () => {
    const history = called(
      (h) => h.child('0:a:do:1', 2),
      (h, id) => h.childStarted(id),
    );
    history.childEnded('Failed', 5, { failure: failure('X', 'later') });
    expect(stepOf(history)).toMatchObject({ status: 'completed', output: { job_id: 'kid', run_id: 'kid-run' } });
  });

  it('does not complete a sub-saga that has only started', () => {
    expect(stepOf(called(subSaga, (h, id) => h.childStarted(id)))).toMatchObject({ status: 'running', outcome: 'unknown' });
  });
});

describe('a call that failed', () => {
  it.each([
    ['an activity that failed', called(activity, (h, id) => h.failed(id, failure('BOOM', 'no'))), 'BOOM', 'no'],
    ['a failure without a type', called(activity, (h, id) => h.failed(id, failure('', 'no'))), 'ERROR', 'no'],
    ['a failure of another sort', called(activity, (h, id) => h.failed(id, { message: 'hm' })), 'ERROR', 'hm'],
    ['start to close', called(activity, (h, id) => h.timedOut(id, 1)), 'TIMEOUT', 'StartToClose timeout'],
    [
      'schedule to start',
      called(activity, (h, id) => h.timedOut(id, 2)),
      'TIMEOUT',
      'ScheduleToStart timeout: no worker polls the queue of this step',
    ],
    ['schedule to close', called(activity, (h, id) => h.timedOut(id, 3)), 'TIMEOUT', 'ScheduleToClose timeout'],
    ['heartbeat', called(activity, (h, id) => h.timedOut(id, 4)), 'TIMEOUT', 'Heartbeat timeout'],
    [
      'a light step',
      called(
        (h) => h.marker('0:a:do:1', { failure: failure('NOPE', 'x') }),
        () => 0,
      ),
      'NOPE',
      'x',
    ],
    [
      'a light step that timed out',
      called(
        (h) => h.marker('0:a:do:1', { failure: timeoutFailure(1) }),
        () => 0,
      ),
      'TIMEOUT',
      'StartToClose timeout',
    ],
    [
      'a child that failed',
      called(subSaga, (h, id) => h.childEnded('Failed', id, { failure: failure('SAGA_FAILED', 'failed: x') })),
      'SAGA_FAILED',
      'failed: x',
    ],
    ['a child that timed out', called(subSaga, (h, id) => h.childEnded('TimedOut', id)), 'TIMEOUT', 'StartToClose timeout'],
    ['a child that was terminated', called(subSaga, (h, id) => h.childEnded('Terminated', id)), 'ERROR', 'Terminated'],
    [
      'a child whose id is taken',
      called(subSaga, (h, id) => h.add('startChildWorkflowExecutionFailed', { initiatedEventId: id })),
      'ERROR',
      'Workflow execution already started',
    ],
  ])('fails the step: %s', (_what, history, code, message) => {
    expect(stepOf(history)).toMatchObject({ status: 'failed', outcome: 'unknown', error: { code, message } });
  });

  it('cuts a message to 1,000 characters', () => {
    expect(stepOf(called(activity, (h, id) => h.failed(id, failure('X', 'm'.repeat(2000))))).error?.message).toHaveLength(1000);
  });
});

describe('a call without a result', () => {
  it.each([
    ['an activity', called(activity, (h, id) => h.cancelled(id))],
    ['an activity that reports a cancellation', called(activity, (h, id) => h.failed(id, CANCELLED_FAILURE))],
    [
      'a light step',
      called(
        (h) => h.marker('0:a:do:1', { failure: CANCELLED_FAILURE }),
        () => 0,
      ),
    ],
    ['a child', called(subSaga, (h, id) => h.childEnded('Canceled', id))],
  ])('leaves a cancelled step without an error: %s', (_what, history) => {
    expect(stepOf(history)).toMatchObject({ status: 'cancelled', error: null });
  });

  it.each([
    ['text that is no JSON', raw('{"output":')],
    ['an encoding of another sort', raw('x', 'binary/plain')],
    ['nothing', payload(undefined)],
    ['a value that is no step return', payload({ output: 1 })],
    ['a list', payload([1])],
  ])('fails the step with MALFORMED_RESULT: %s', (_what, result) => {
    expect(stepOf(called(activity, (h, id) => h.completed(id, result)))).toMatchObject({
      status: 'failed',
      error: { code: 'MALFORMED_RESULT' },
      message_open: true,
    });
  });
});

describe('what comes with a call', () => {
  it('appends the steps that a step returned', () => {
    const run = fold(called(activity, (h, id) => h.completed(id, payload(returned(1, [{ name: 'd', needs: ['a'] }])))));
    expect(run.dynamic_steps).toEqual([{ name: 'd', needs: ['a'] }]);
    expect(run.steps[3]).toMatchObject({ step_name: 'd', needs: [0], status: 'pending' });
  });

  it('fails a step whose further steps do not fit the plan', () => {
    const run = fold(called(activity, (h, id) => h.completed(id, payload(returned(1, [{ name: 'b' }])))));
    expect(run.steps).toHaveLength(3);
    expect(run.steps[0]).toMatchObject({ status: 'failed', error: { code: 'INVALID_STEPS' } });
  });

  it('passes over calls of the engine itself and light attempts that are tried again', () => {
    const history = called(
      (h) => h.marker('ledger', { result: payload(null) }),
      (h) => h.marker('0:a:do:1', { failure: failure('X', 'x'), backoff: true }),
    );
    history.did('7', 1);
    expect(fold(history).steps.every((step) => step.status === 'pending')).toBe(true);
  });

  it('runs a step again after its compensate said retry', () => {
    const history = new HistoryBuilder();
    history.broke('0:a:do:1');
    history.task(() => history.scheduled('0:a:do:2'));
    expect(stepOf(history)).toMatchObject({ status: 'running', error: null, completed_at: null });
  });

  it('completes a step with the value its compensate continued with', () => {
    const history = new HistoryBuilder();
    history.broke('0:a:do:1');
    history.task(() => history.marker('0:a:value:1', { result: payload(returned('instead')) }));
    expect(stepOf(history)).toMatchObject({ status: 'completed', output: 'instead', error: null });
  });
});

describe('an undo', () => {
  it.each([
    ['completed', (h: HistoryBuilder) => h.did('0:a:do:1', 1), 'compensated'],
    ['failed', (h: HistoryBuilder) => h.broke('0:a:do:1'), 'failed'],
    ['cancelled', (h: HistoryBuilder) => h.broke('0:a:do:1', CANCELLED_FAILURE), 'cancelled'],
  ])('takes back a step that had %s', (_what, act, status) => {
    const history = new HistoryBuilder();
    act(history);
    let undo = 0;
    history.task(() => (undo = history.scheduled('0:a:undo:1')));
    expect(fold(history)).toMatchObject({ status: 'compensating', steps: [{ status: 'compensating', undo: 'running' }, {}, {}] });
    history.completed(undo);
    expect(stepOf(history)).toMatchObject({ status, undo: 'done', generation: 1, compensated_at: expect.any(String) });
  });

  it('leaves the step compensation_failed when it fails, times out or is cancelled', () => {
    for (const end of [CANCELLED_FAILURE, failure('E', 'm'), timeoutFailure(1)]) {
      const history = new HistoryBuilder();
      history.did('0:a:do:1', 1);
      history.broke('0:a:undo:1', end);
      expect(stepOf(history)).toMatchObject({
        status: 'compensation_failed',
        undo: 'failed',
        generation: 0,
        output: 1,
        compensated_at: null,
      });
    }
  });
});
