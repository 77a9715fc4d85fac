import { describe, expect, it } from 'vitest';
import type { FoldedApproval } from '../../../src/client/history/folded.ts';
import type { HistoryBuilder } from '../../support/history-builder.ts';
import {
  answers,
  APPROVAL,
  asks,
  at,
  begins,
  cancels,
  decision,
  external,
  fires,
  fold,
  hears,
  HOUR,
  sleeps,
  stepOf,
  success,
  suspended,
} from './external-history.ts';

const only = (history: HistoryBuilder): FoldedApproval | undefined => fold(history).approvals[0];

describe('a question', () => {
  it('is noted when the wait begins, as of the time of the workflow task', () => {
    const history = answers(
      external({ metadata: { requested_by: 'eve' } }),
      '0:a:do:1',
      asks({ approvers: ['ada', 'bob'], on_timeout: 'approve' }),
    );
    const task = history.lastId + 2;
    begins(history, APPROVAL);
    expect(fold(history).approvals).toEqual([
      {
        step_idx: 0,
        n: 1,
        step_name: 'a',
        approval_type: 'publish',
        data: { rows: 3 },
        approvers: ['ada', 'bob'],
        requester: 'eve',
        on_timeout: 'approve',
        requested_at: at(task),
        expires_at: at(task, HOUR),
        status: 'waiting',
        decided_by: null,
        decided_at: null,
        comment: null,
        decision_id: null,
        certain: true,
      },
    ]);
  });

  it('is by default rejected in the end, asked by nobody we know, of anybody', () => {
    expect(only(suspended(asks()).history)).toMatchObject({ on_timeout: 'reject', requester: null, approvers: null });
    expect(only(suspended(asks(), { metadata: { requested_by: 5 } }).history)).toMatchObject({ requester: null });
  });

  it('is not sure to have been asked before the wait begins', () => {
    expect(only(answers(external(), '0:a:do:1', asks()))).toMatchObject({ status: 'cancelled', certain: false });
    expect(only(suspended(sleeps()).history)).toBeUndefined();
  });
});

describe('a decision', () => {
  it.each(['approved', 'rejected'] as const)('is kept as it came: %s', (status) => {
    const wait = suspended(asks());
    const task = wait.history.lastId + 2;
    hears(wait.history, 'decide', decision({ decision: status }), () => cancels(wait));
    expect(only(wait.history)).toMatchObject({ status, decided_by: 'ada', comment: 'fine', decision_id: 'd1', decided_at: at(task) });
    expect(stepOf(wait.history)).toMatchObject({ status: 'running', wakes_at: null });
  });

  it('counts although the time was up, when one workflow task hears of both', () => {
    for (const on_timeout of ['reject', 'fail']) {
      const wait = suspended(asks({ on_timeout }));
      hears(fires(wait), 'decide', decision());
      expect(only(wait.history)).toMatchObject({ status: 'approved', decision_id: 'd1' });
      expect(stepOf(wait.history)).toMatchObject({ status: 'running', error: null, completed_at: null });
      answers(wait.history, '0:a:do:2', success(1));
      expect(stepOf(wait.history)).toMatchObject({ status: 'completed', queued_at: at(5) });
    }
  });

  it('changes nothing when it comes again, late, or to a step that does not wait', () => {
    const wait = suspended(asks());
    hears(wait.history, 'decide', decision({ step: 'b' }));
    expect(only(wait.history)?.status).toBe('waiting');
    hears(wait.history, 'decide', decision(), () => cancels(wait));
    hears(wait.history, 'decide', decision({ by: 'bob', decision_id: 'd2' }));
    expect(only(wait.history)).toMatchObject({ status: 'approved', decided_by: 'ada' });
    answers(wait.history, '0:a:do:2', asks({ data: 2 }));
    begins(wait.history, '0:a:do:2 approval publish');
    hears(wait.history, 'decide', decision());
    expect(fold(wait.history).approvals).toMatchObject([
      { n: 1, status: 'approved' },
      { n: 2, status: 'waiting', data: 2 },
    ]);
    const sleep = suspended(sleeps());
    hears(sleep.history, 'decide', decision());
    expect(stepOf(sleep.history).status).toBe('sleeping');
  });
});

describe('a question that nobody answers', () => {
  it.each([
    [undefined, 'running', null],
    ['reject', 'running', null],
    ['approve', 'running', null],
    ['fail', 'failed', { code: 'APPROVAL_TIMEOUT', message: 'nobody decided in time' }],
  ])('is timed out, with on_timeout %s', (on_timeout, status, error) => {
    const wait = suspended(asks(on_timeout === undefined ? {} : { on_timeout }));
    fires(wait).task();
    expect(only(wait.history)).toMatchObject({ status: 'timed_out', decided_by: null, comment: null, decision_id: 'run-1/0/1/timeout' });
    expect(stepOf(wait.history)).toMatchObject({ status, error, message_open: false, wakes_at: null });
  });

  it('is tried anew when the timeout was not final', () => {
    const wait = suspended(asks({ on_timeout: 'fail' }));
    fires(wait).task(() => wait.history.scheduled('0:a:do:2'));
    expect(stepOf(wait.history)).toMatchObject({ status: 'running', error: null, suspension: null });
  });

  it('is cancelled with the run, and when it halts', () => {
    const cancelled = suspended(asks());
    cancelled.history.add('workflowExecutionCancelRequested', {});
    cancelled.history.task(() => cancels(cancelled));
    const halted = suspended(asks());
    hears(halted.history, 'halt', undefined, () => cancels(halted));
    const due = suspended(asks());
    hears(fires(due), 'halt');
    for (const { history } of [cancelled, halted, due])
      expect(only(history)).toMatchObject({ status: 'cancelled', decided_at: null, decision_id: null });
  });

  it('stays timed out when the run is cancelled at once', () => {
    const wait = suspended(asks());
    fires(wait).add('workflowExecutionCancelRequested', {});
    answers(wait.history, '0:a:undo:1', success());
    expect(only(wait.history)?.status).toBe('timed_out');
    expect(stepOf(wait.history).status).toBe('cancelled');
  });

  it('stays timed out when the run halts in a later workflow task, before the step has gone on', () => {
    const wait = suspended(asks());
    hears(wait.history, 'pause');
    fires(wait).task();
    hears(wait.history, 'halt');
    expect(only(wait.history)?.status).toBe('timed_out');
    expect(stepOf(wait.history)).toMatchObject({ status: 'failed', error: { code: 'SAGA_HALTED' } });
  });

  it('keeps its decision when the run is cancelled while it is paused', () => {
    const wait = suspended(asks());
    hears(wait.history, 'pause');
    hears(wait.history, 'decide', decision(), () => cancels(wait));
    wait.history.add('workflowExecutionCancelRequested', {});
    wait.history.task(() => wait.history.command('workflowExecutionCanceled', {}));
    expect(only(wait.history)?.status).toBe('approved');
    expect(stepOf(wait.history).status).toBe('cancelled');
  });
});
