import { describe, expect, it } from 'vitest';
import { foldHistory } from '../../../src/client/history/fold.ts';
import type { FoldedRun } from '../../../src/client/history/folded.ts';
import { failure, HistoryBuilder, payload, returned, type BuilderOptions } from '../../support/history-builder.ts';

const fold = (history: HistoryBuilder): FoldedRun => foldHistory(history.events, { id: 'r' });
const statuses = (run: FoldedRun): readonly string[] => run.steps.map((step) => step.status);

describe('controls', () => {
  it('follows pause, resume, skip and cancelAfterStep', () => {
    const history = new HistoryBuilder();
    history.task(() => history.update('pause'));
    expect(fold(history).status).toBe('paused');
    history.task(() => history.update('resume'));
    expect(fold(history).status).toBe('running');
    history.task(() => history.update('skip', { step: 'b', result: 5 }));
    expect(fold(history).steps[1]).toMatchObject({ status: 'skipped', output: 5 });
    history.task(() => history.update('skip', { step: '2', result: null }));
    expect(fold(history).steps[2]).toMatchObject({ status: 'skipped', output: null });
    history.task(() => history.update('cancelAfterStep'));
    expect(fold(history)).toMatchObject({ cancel_requested: true, status: 'running' });
  });

  it('notes that a cancel was asked for', () => {
    const history = new HistoryBuilder();
    history.add('workflowExecutionCancelRequested', {});
    expect(fold(history).cancel_requested).toBe(true);
  });
});

describe('the end', () => {
  it('is completed with the result', () => {
    const history = new HistoryBuilder();
    history.did('0:a:do:1', 1);
    history.task(() => history.finish({ model: 'm' }));
    expect(fold(history)).toMatchObject({ status: 'completed', ended: 'completed', result: { model: 'm' }, error: null });
    expect(statuses(fold(history))).toEqual(['completed', 'pending', 'pending']);
  });

  it('takes status and error from the close, and passes completed steps without an undo', () => {
    const history = new HistoryBuilder();
    history.did('0:a:do:1', 1);
    history.broke('1:b:do:1');
    const error = { reason: 'step_failed:b', compensate_from_idx: 0, message: 'm' };
    history.task(() => history.close({ status: 'rolled_back', error, failed_step: { step_idx: 1, code: 'BOOM', message: 'it broke' } }));
    expect(fold(history)).toMatchObject({ status: 'rolled_back', ended: 'failed', error });
    expect(statuses(fold(history))).toEqual(['compensated', 'failed', 'pending']);
    expect(fold(history).steps[0]?.compensated_at).not.toBeNull();
  });

  it('keeps everything of a halted run', () => {
    const history = new HistoryBuilder();
    history.did('0:a:do:1', 1);
    history.broke('1:b:do:1');
    history.task(() => history.close({ status: 'halted', error: { reason: 'step_failed:b', compensate_from_idx: null } }));
    expect(fold(history).status).toBe('halted');
    expect(statuses(fold(history))).toEqual(['completed', 'failed', 'pending']);
  });

  it('marks what is stuck, but not by the index of a step of a child', () => {
    const history = new HistoryBuilder();
    history.did('0:a:do:1', 1);
    history.broke('1:b:do:1');
    const stuck = [
      { step_idx: 0, step_name: 'a', code: 'E', message: 'm' },
      { step_idx: 2, step_name: 'x', code: 'E', message: 'm', child_id: 'r.b' },
    ];
    history.task(() => history.close({ status: 'failed', error: { reason: 'step_failed:b', compensate_from_idx: 0, stuck } }));
    expect(fold(history).steps[0]).toMatchObject({ status: 'compensation_failed', error: { code: 'E', message: 'm' }, undo: 'failed' });
    expect(fold(history).steps[2]?.status).toBe('pending');
  });
});

describe('what the engine refused', () => {
  it('fails the step whose result, or call, the engine refused', () => {
    const history = new HistoryBuilder();
    history.did('0:a:do:1', 1);
    const failed_step = { step_idx: 0, code: 'PAYLOAD_TOO_LARGE', message: 'too large' };
    history.task(() =>
      history.close({ status: 'rolled_back', error: { reason: 'step_failed:a', compensate_from_idx: null }, failed_step }),
    );
    expect(fold(history).steps[0]).toMatchObject({
      status: 'failed',
      error: { code: 'PAYLOAD_TOO_LARGE', message: 'too large' },
      compensated_at: null,
    });
  });

  it('learns the message of a malformed result from the close', () => {
    const history = new HistoryBuilder();
    history.task(() => history.completed(history.scheduled('0:a:do:1'), payload(5)));
    const failed_step = { step_idx: 0, code: 'MALFORMED_RESULT', message: 'step a: got 5' };
    history.task(() =>
      history.close({ status: 'rolled_back', error: { reason: 'step_failed:a', compensate_from_idx: null }, failed_step }),
    );
    expect(fold(history).steps[0]).toMatchObject({ error: { message: 'step a: got 5' }, message_open: false });
  });
});

describe('a cancelled, or an abandoned, run', () => {
  it.each([
    ['cancelled when no step had started', (_h: HistoryBuilder) => undefined, 'cancelled', null],
    [
      'cancelled when a step was only skipped',
      (h: HistoryBuilder) => h.task(() => h.update('skip', { step: 'a', result: 1 })),
      'cancelled',
      null,
    ],
    ['rolled back when one had', (h: HistoryBuilder) => h.did('0:a:do:1', 1), 'rolled_back', 0],
  ])('is %s', (_what, act, status, compensate_from_idx) => {
    const history = new HistoryBuilder();
    act(history);
    history.add('workflowExecutionCancelRequested', {});
    history.task(() => history.command('workflowExecutionCanceled', {}));
    expect(fold(history)).toMatchObject({ status, ended: 'cancelled', error: { reason: 'cancelled', compensate_from_idx } });
  });

  it('counts a cancelled step that was undone as visited, one without undo not', () => {
    const history = new HistoryBuilder();
    history.did('0:a:do:1', 1);
    let b = 0;
    history.task(() => (b = history.scheduled('1:b:do:1')));
    history.cancelled(b);
    const without = new HistoryBuilder();
    without.did('0:a:do:1', 1);
    history.did('1:b:undo:1');
    for (const each of [history, without]) each.task(() => each.command('workflowExecutionCanceled', {}));
    expect(fold(history)).toMatchObject({
      error: { compensate_from_idx: 1 },
      steps: [{ status: 'compensated' }, { status: 'cancelled' }, {}],
    });
    expect(fold(without).error?.compensate_from_idx).toBe(0);
  });

  it('leaves the step that always runs last as it is', () => {
    const history = new HistoryBuilder({ steps: [{ name: 'a' }, { name: 'end', always: true }] });
    history.broke('0:a:do:1');
    history.did('1:end:do:1', 1);
    history.task(() => history.close({ status: 'rolled_back', error: { reason: 'step_failed:a', compensate_from_idx: null } }));
    expect(statuses(fold(history))).toEqual(['failed', 'completed']);
  });

  it.each([
    ['workflowExecutionTerminated', {}, 'terminated'],
    ['workflowExecutionTimedOut', {}, 'timed_out'],
    ['workflowExecutionFailed', { failure: failure('TypeError', 'bug') }, 'broken'],
    ['workflowExecutionFailed', { failure: failure('SAGA_FAILED', 'no details') }, 'broken'],
    ['workflowExecutionContinuedAsNew', {}, 'continued'],
  ])('undoes nothing: %s', (kind, attributes, ended) => {
    const history = new HistoryBuilder();
    history.did('0:a:do:1', 1);
    history.add(kind, attributes);
    expect(fold(history)).toMatchObject({ ended, status: 'running', error: null, steps: [{ status: 'completed' }, {}, {}] });
  });
});

it('reads a run that was reset under its new run id', () => {
  const options: BuilderOptions = { run_id: 'old' };
  const history = new HistoryBuilder(options);
  history.taskStarted();
  history.add('workflowTaskFailed', { newRunId: 'new' });
  history.did('0:a:do:1', returned(1) as never);
  expect(fold(history)).toMatchObject({ run_id: 'new', root_run_id: 'new' });
});
