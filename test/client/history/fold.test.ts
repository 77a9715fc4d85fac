import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldHistory } from '../../../src/client/history/fold.ts';
import type { FoldedRun } from '../../../src/client/history/folded.ts';
import { HistoryError } from '../../../src/client/history/history-error.ts';
import { HistoryBuilder, payload, raw, returned } from '../../support/history-builder.ts';

const fold = (history: HistoryBuilder): FoldedRun => foldHistory(history.events, { id: 'r' });

describe('the start', () => {
  it('reads plan, kind, input and start from the first event', () => {
    const run = fold(new HistoryBuilder({ start: { job_id: 'j', max_recovery_attempts: 5 } }));
    expect(run).toMatchObject({
      id: 'r',
      run_id: 'run-1',
      root_run_id: 'run-1',
      run_no: 1,
      kind: 'training-run',
      workflow_type: 'trainingRun',
      planned: true,
      status: 'running',
      ended: 'open',
      inputs: { x: 1 },
    });
    expect(run.start).toEqual({ job_id: 'j', max_recovery_attempts: 5 });
    expect(run.steps.map(({ step_name, needs, status }) => [step_name, needs, status])).toEqual([
      ['a', [], 'pending'],
      ['b', [0], 'pending'],
      ['c', [1], 'pending'],
    ]);
  });

  it('takes the plan in code for a run without a memo', () => {
    const history = new HistoryBuilder({ memo: false });
    expect(foldHistory(history.events, { id: 'r', plan: { kind: 'k', steps: [{ name: 'only' }] } })).toMatchObject({
      kind: 'k',
      planned: true,
      plan: [{ name: 'only' }],
    });
  });

  it('learns steps from their calls when no plan is known', () => {
    const history = new HistoryBuilder({ memo: false });
    history.did('1:late:do:1', 7);
    expect(fold(history).steps.map((step) => [step.step_name, step.status])).toEqual([
      ['step-0', 'pending'],
      ['late', 'completed'],
    ]);
  });

  it('is pending until the timer of `at` fires', () => {
    const history = new HistoryBuilder({ start: { at: '2027-01-01T00:00:00Z' } });
    expect(fold(history).status).toBe('pending');
    let timer = 0;
    history.task(() => (timer = history.command('timerStarted', { timerId: '1' }, 'start at 2027-01-01T00:00:00Z')));
    expect(fold(history)).toMatchObject({ status: 'pending', start_timer: 'running' });
    history.add('timerFired', { timerId: '9', startedEventId: 1 });
    expect(fold(history).status).toBe('pending');
    history.add('timerFired', { timerId: '1', startedEventId: timer });
    expect(fold(history).status).toBe('running');
  });
});

describe('events that are no history', () => {
  it('refuses a gap, an empty list and a first event of another kind', () => {
    const history = new HistoryBuilder();
    history.did('0:a:do:1');
    const { events } = history;
    for (const wrong of [[], events.slice(1), events.filter((_, index) => index !== 2), events.toReversed()]) {
      expect(() => foldHistory(wrong, { id: 'r' })).toThrow(HistoryError);
    }
    const other = new HistoryBuilder().events.map((event) => ({ ...event, workflowExecutionStartedEventAttributes: null }));
    expect(() => foldHistory(other, { id: 'r' })).toThrow(/WorkflowExecutionStarted/);
  });
});

it('folds every prefix of any history, whatever its payloads hold', () => {
  const callId = fc
    .tuple(
      fc.integer({ min: 0, max: 4 }),
      fc.constantFrom('a', 'b', 'x'),
      fc.constantFrom('do', 'undo', 'value'),
      fc.integer({ min: 1, max: 3 }),
    )
    .map((parts) => parts.join(':'));
  const end = fc.oneof(
    fc.json().map((text) => raw(text)),
    fc.string().map((text) => raw(text)),
    fc.constant(payload(returned(1, [{ name: 'd' }]))),
    fc.constantFrom(
      raw('{"status":"failed","error":{"reason":"x","stuck":5}}'),
      raw('{"steps":[{"name":"q","needs":5}],"attempt":1,"worker_id":"","started_at":""}'),
      raw('{"steps":5,"attempt":1,"worker_id":"","started_at":""}'),
    ),
  );
  const action = fc.record({
    kind: fc.constantFrom('did', 'broke', 'marker', 'child', 'skip', 'cancel', 'close', 'canceled', 'finish'),
    callId,
    end,
  });
  fc.assert(
    fc.property(
      fc.array(action, { maxLength: 12 }),
      fc.constantFrom('continue', 'recover', 'rollback', 'undo_retry', undefined),
      (actions, mode) => {
        const reentry = mode && {
          mode,
          from_step: 1,
          run_no: 2,
          root_run_id: 'r0',
          created_at: 't',
          started_at: null,
          recovery_attempts: 1,
          steps: [{ step_idx: 1, status: 'completed' as const, generation: 0 }],
        };
        const history = new HistoryBuilder(reentry ? { start: { reentry } } : {});
        for (const { kind, callId: call, end: value } of actions) {
          if (kind === 'did') history.task(() => history.completed(history.scheduled(call), value));
          if (kind === 'broke') history.broke(call);
          if (kind === 'marker') history.task(() => history.marker(call, { result: value }));
          if (kind === 'child') history.task(() => history.childEnded('Completed', history.child(call), { result: { payloads: [value] } }));
          if (kind === 'skip')
            history.add('workflowExecutionUpdateAccepted', { acceptedRequest: { input: { name: 'skip', args: { payloads: [value] } } } });
          if (kind === 'cancel') history.add('workflowExecutionCancelRequested', {});
          if (kind === 'close')
            history.task(() =>
              history.command('workflowExecutionFailed', {
                failure: { message: '', applicationFailureInfo: { type: 'SAGA_FAILED', details: { payloads: [value] } } },
              }),
            );
          if (kind === 'canceled') history.task(() => history.command('workflowExecutionCanceled', {}));
          if (kind === 'finish') history.task(() => history.finish(1));
        }
        const { events } = history;
        for (let length = 1; length <= events.length; length += 1)
          expect(foldHistory(events.slice(0, length), { id: 'r' }).events).toBe(length);
      },
    ),
    { numRuns: 60 },
  );
});
