import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldHistory } from '../../../src/client/history/fold.ts';
import type { Json } from '../../../src/contracts/ledger.ts';
import { payload, raw, returned, type HistoryBuilder } from '../../support/history-builder.ts';
import { answers, asks, begins, decision, external, fold, hears, sleeps, stepOf, success } from './external-history.ts';

describe('a step with an external worker', () => {
  it('is completed with the result, whatever it looks like', () => {
    for (const result of [null, 0, 'x', [1], { status: 'SLEEP' }])
      expect(stepOf(answers(external(), '0:a:do:1', success(result)))).toMatchObject({
        status: 'completed',
        outcome: 'done',
        output: result,
        attempts: 3,
        worker_id: 'w1',
        started_at: '2026-01-01T00:00:00.500Z',
      });
  });

  it.each<[string, Json]>([
    ['null', null],
    ['a list', [1]],
    ['a text', 'SUCCESS'],
    ['what a step of our own returns', returned(1) as Json],
    ['a status that is none', success(1, { status: 'DONE' })],
    ['no result', { status: 'SUCCESS', worker_id: 'w', attempt: 1, started_at: '2026-01-01T00:00:00Z' }],
    ['a field too many', success(1, { more: 1 })],
    ['a time that is none', success(1, { started_at: 'noon' })],
    ['an endless sleep', sleeps({ duration_ms: 1e15 })],
    ['a sleep without data', { ...sleeps(), data: undefined } as unknown as Json],
    ['an approval that expires at once', asks({ timeout_ms: 0 })],
    ['an approval by nobody', asks({ approvers: [] })],
    ['a policy that is none', asks({ on_timeout: 'wait' })],
  ])('fails with MALFORMED_RESULT for %s', (_what, said) => {
    expect(stepOf(answers(external(), '0:a:do:1', said))).toMatchObject({
      status: 'failed',
      error: { code: 'MALFORMED_RESULT' },
      message_open: true,
    });
  });

  it('fails with MALFORMED_RESULT for no JSON, and for nothing', () => {
    for (const result of [raw('{"status":'), raw('NaN'), payload(undefined)]) {
      const history = external();
      history.task(() => history.completed(history.scheduled('0:a:do:1'), result));
      expect(stepOf(history)).toMatchObject({ status: 'failed', error: { code: 'MALFORMED_RESULT' } });
    }
  });

  it('fails with PAYLOAD_TOO_LARGE for data over the bound of a value', () => {
    const large = 'x'.repeat(256 * 1024);
    for (const said of [sleeps({ data: large }), asks({ data: large })])
      expect(stepOf(answers(external(), '0:a:do:1', said))).toMatchObject({ status: 'failed', error: { code: 'PAYLOAD_TOO_LARGE' } });
    expect(stepOf(answers(external(), '0:a:do:1', sleeps({ data: large.slice(2) }))).status).toBe('running');
  });

  it('takes refusal of its next call from the close, also after its undo', () => {
    const history = answers(external(), '0:a:do:1', sleeps());
    history.add('timerFired', { startedEventId: begins(history, '0:a:do:1 sleep') });
    answers(history, '0:a:undo:1', success());
    const failed_step = { step_idx: 0, code: 'PAYLOAD_TOO_LARGE', message: 'the input is too large' };
    history.task(() => history.close({ status: 'rolled_back', error: { reason: 'step_failed:a', compensate_from_idx: 0 }, failed_step }));
    expect(stepOf(history)).toMatchObject({
      status: 'failed',
      error: { code: 'PAYLOAD_TOO_LARGE', message: 'the input is too large' },
      undo: 'done',
    });
  });

  it('times out with the word that nobody polls its queue', () => {
    const history = external();
    history.task(() => history.timedOut(history.scheduled('0:a:do:1'), 2));
    expect(stepOf(history).error).toEqual({
      code: 'TIMEOUT',
      message: 'ScheduleToStart timeout: no worker polls the queue of this step',
    });
  });
});

describe('steps that an external step adds', () => {
  it('are external, and on its queue unless they say otherwise', () => {
    const steps = [{ name: 'x' }, { name: 'y', queue: 'other', needs: ['x'], external: false }];
    const run = fold(answers(external(), '0:a:do:1', success(1, { steps })));
    expect(run.dynamic_steps).toEqual([
      { name: 'x', queue: 'q', external: true },
      { name: 'y', queue: 'other', needs: ['x'], external: true },
    ]);
    expect(run.steps[3]).toMatchObject({ step_name: 'y', needs: [2], status: 'pending' });
  });

  it.each<[string, Json]>([
    ['a name with a space', [{ name: 'a b' }]],
    ['a name that is taken', [{ name: 'b' }]],
    ['a number', [5]],
  ])('fail it when they do not fit: %s', (_what, steps) => {
    const run = fold(answers(external(), '0:a:do:1', success(1, { steps })));
    expect(run.steps).toHaveLength(2);
    expect(run.steps[0]).toMatchObject({ status: 'failed', error: { code: 'INVALID_STEPS' } });
  });
});

describe('the undo of an external step', () => {
  it('takes it back with a success, whatever the result', () => {
    const history = answers(answers(external(), '0:a:do:1', success(1)), '0:a:undo:1', success({ left: 0 }));
    expect(stepOf(history)).toMatchObject({ status: 'compensated', undo: 'done', generation: 1, output: 1 });
  });

  it.each<[string, Json]>([
    ['a sleep', sleeps()],
    ['an approval', asks()],
    ['what a step of our own returns', returned(1) as Json],
    ['null', null],
  ])('fails with MALFORMED_RESULT for %s', (_what, said) => {
    const history = answers(answers(external(), '0:a:do:1', success(1)), '0:a:undo:1', said);
    expect(stepOf(history)).toMatchObject({
      status: 'compensation_failed',
      undo: 'failed',
      generation: 0,
      error: { code: 'MALFORMED_RESULT' },
      message_open: true,
    });
  });
});

it('folds every prefix of any history of external steps', () => {
  const said = fc.constantFrom<Json>(success(), success(1, { steps: [{ name: 'x' }] }), sleeps(), asks(), asks({ on_timeout: 'fail' }), 5);
  const call = fc.constantFrom('0:a:do:1', '0:a:do:2', '1:b:do:1', '0:a:undo:1', '2:x:do:1');
  const action = fc.oneof(
    fc.tuple(fc.constant('answer'), call, said),
    fc.tuple(
      fc.constant('timer'),
      call.map((id) => `${id} sleep`),
      fc.constant(null),
    ),
    fc.tuple(fc.constantFrom('fire', 'cancelTimer'), fc.nat(30).map(String), fc.constant(null)),
    fc.tuple(
      fc.constantFrom('wake', 'decide', 'halt', 'cancelAfterStep'),
      fc.constant(''),
      fc.constantFrom<Json>(decision(), 5, null, { step: 7 }),
    ),
    fc.tuple(fc.constantFrom('task', 'cancel', 'close'), fc.constant(''), fc.constant(null)),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 14 }), fc.boolean(), (actions, halts) => {
      const history = external(halts ? { on_failure: 'halt' } : {});
      for (const [kind, text, value] of actions) act(history, { kind, text, value });
      const { events } = history;
      for (let length = 1; length <= events.length; length += 1)
        expect(foldHistory(events.slice(0, length), { id: 'r' }).events).toBe(length);
    }),
    { numRuns: 60 },
  );
});

function act(history: HistoryBuilder, { kind, text, value }: { readonly kind: string; readonly text: string; readonly value: Json }): void {
  if (kind === 'answer') answers(history, text, value);
  else if (kind === 'timer') begins(history, text);
  else if (kind === 'fire') history.add('timerFired', { startedEventId: Number(text) });
  else if (kind === 'cancelTimer') history.add('timerCanceled', { startedEventId: Number(text) });
  else if (kind === 'task') history.task();
  else if (kind === 'cancel') history.add('workflowExecutionCancelRequested', {});
  else if (kind === 'close')
    history.task(() => history.close({ status: 'rolled_back', error: { reason: 'cancelled', compensate_from_idx: null } }));
  else hears(history, kind, value);
}
