import { describe, expect, it } from 'vitest';
import { failure } from '../../support/history-builder.ts';
import {
  answers,
  APPROVAL,
  asks,
  at,
  begins,
  cancels,
  external,
  fires,
  fold,
  hears,
  HOUR,
  SLEEP,
  sleeps,
  stepOf,
  success,
  suspended,
} from './external-history.ts';

const HALTED = {
  status: 'failed',
  error: { code: 'SAGA_HALTED', message: 'halted while it was suspended' },
  message_open: false,
  wakes_at: null,
};

describe('a suspension', () => {
  it.each([
    ['sleeping', sleeps(), SLEEP],
    ['waiting', asks(), APPROVAL],
  ])('makes the step %s once its timer has started, from the time of the workflow task', (status, said, summary) => {
    const history = answers(external(), '0:a:do:1', said);
    expect(stepOf(history)).toMatchObject({ status: 'running', wakes_at: null });
    const task = history.lastId + 2;
    begins(history, summary);
    expect(stepOf(history)).toMatchObject({
      status,
      wakes_at: at(task, HOUR),
      outcome: 'unknown',
      attempts: 3,
      worker_id: 'w1',
      started_at: '2026-01-01T00:00:00.500Z',
    });
  });

  it.each(['ledger', '0:a:do:2 sleep', '1:b:do:1 sleep', 'undo in a later workflow task'])(
    'does not begin with a timer "%s"',
    (summary) => {
      const history = answers(external(), '0:a:do:1', sleeps());
      history.command('timerStarted', { timerId: '1' }, summary);
      expect(stepOf(history).status).toBe('running');
    },
  );

  it('ends when its own timer fires, and no other', () => {
    const sleep = suspended(sleeps());
    fires({ ...sleep, timer: 1 });
    expect(stepOf(sleep.history).status).toBe('sleeping');
    expect(stepOf(fires(sleep))).toMatchObject({ status: 'running', wakes_at: null });
  });

  it('ends a sleep, and no wait, by update wake', () => {
    const sleep = suspended(sleeps());
    hears(sleep.history, 'wake', { step: 'b' });
    expect(stepOf(sleep.history).status).toBe('sleeping');
    hears(sleep.history, 'wake', { step: '0' }, () => cancels(sleep));
    expect(stepOf(sleep.history)).toMatchObject({ status: 'running', wakes_at: null });
    const wait = suspended(asks());
    expect(stepOf(hears(wait.history, 'wake', { step: 'a' })).status).toBe('waiting');
  });

  it('keeps when the step was queued, through any number of them', () => {
    const first = suspended(sleeps());
    const { queued_at } = stepOf(first.history);
    answers(fires(first), '0:a:do:2', sleeps());
    const timer = begins(first.history, '0:a:do:2 sleep');
    answers(fires({ ...first, timer }), '0:a:do:3', success({ v: 1 }));
    expect(stepOf(first.history)).toMatchObject({
      status: 'completed',
      output: { v: 1 },
      activity_id: '0:a:do:3',
      attempts: 3,
      queued_at,
      wakes_at: null,
    });
  });

  it('is forgotten when the step is tried anew', () => {
    const sleep = suspended(sleeps());
    fires(sleep).broke('0:a:do:2');
    const { queued_at } = stepOf(sleep.history);
    sleep.history.task(() => sleep.history.scheduled('0:a:do:3'));
    expect(stepOf(sleep.history)).toMatchObject({ status: 'running', error: null, suspension: null });
    expect(stepOf(sleep.history).queued_at).not.toBe(queued_at);
  });

  it('is refused after a thousand', () => {
    const history = external();
    for (let n = 1; n <= 1000; n += 1) {
      answers(history, `0:a:do:${n}`, sleeps());
      fires({ history, timer: begins(history, `0:a:do:${n} sleep`) });
    }
    expect(stepOf(history).status).toBe('running');
    expect(stepOf(answers(history, '0:a:do:1001', sleeps()))).toMatchObject({ status: 'failed', error: { code: 'MALFORMED_RESULT' } });
  });
});

describe('a run that is cancelled', () => {
  it('cancels what is suspended, without an error, and undoes it as unknown', () => {
    for (const wait of [suspended(sleeps()), suspended(asks())]) {
      const { history } = wait;
      history.add('workflowExecutionCancelRequested', {});
      history.task(() => cancels(wait));
      expect(stepOf(history)).toMatchObject({ status: 'cancelled', error: null, wakes_at: null, outcome: 'unknown' });
      answers(history, '0:a:undo:1', success());
      expect(stepOf(history)).toMatchObject({ status: 'cancelled', undo: 'done' });
    }
  });

  it.each([
    ['that asked to be suspended', () => answers(external(), '0:a:do:1', sleeps())],
    ['that was woken', () => fires(suspended(sleeps()))],
  ])('cancels a step %s, which no event says, by its undo or the end', (_what, make) => {
    const undone = make();
    undone.add('workflowExecutionCancelRequested', {});
    answers(undone, '0:a:undo:1', success());
    expect(stepOf(undone)).toMatchObject({ status: 'cancelled', undo: 'done' });
    const closed = make();
    closed.add('workflowExecutionCancelRequested', {});
    closed.task(() => closed.command('workflowExecutionCanceled', {}));
    expect(stepOf(closed).status).toBe('cancelled');
  });

  it('cancels a step that asked to be suspended when a workflow task has passed over it', () => {
    const history = answers(external(), '0:a:do:1', asks());
    history.task();
    expect(stepOf(history).status).toBe('running');
    history.taskStarted();
    expect(stepOf(history).status).toBe('cancelled');
  });
});

describe('a run that halts', () => {
  it.each(['halt', 'cancelAfterStep'])('fails what is suspended: update %s', (update) => {
    for (const wait of [suspended(sleeps()), suspended(asks())]) {
      hears(wait.history, update, undefined, () => cancels(wait));
      expect(stepOf(wait.history)).toMatchObject(HALTED);
    }
  });

  it('fails what is suspended when its owner halts, unless it is ending already', () => {
    const wait = suspended(sleeps());
    wait.history.add('workflowExecutionSignaled', { signalName: 'jobHalt' });
    expect(stepOf(wait.history)).toMatchObject(HALTED);
    const ending = suspended(sleeps());
    ending.history.add('workflowExecutionCancelRequested', {});
    ending.history.add('workflowExecutionSignaled', { signalName: 'jobHalt' });
    expect(stepOf(ending.history).status).toBe('sleeping');
  });

  it('fails what fell due in the same workflow task, which hears of updates first', () => {
    for (const said of [sleeps(), asks(), asks({ on_timeout: 'fail' })]) {
      const wait = suspended(said);
      expect(stepOf(hears(fires(wait), 'halt'))).toMatchObject(HALTED);
    }
  });

  it('fails what asks to be suspended afterwards, or is between two calls', () => {
    const history = external();
    let call = 0;
    history.task(() => (call = history.scheduled('0:a:do:1')));
    hears(history, 'halt');
    history.completed(call, { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(JSON.stringify(sleeps())) });
    expect(stepOf(history)).toMatchObject(HALTED);
    const woken = suspended(sleeps());
    hears(woken.history, 'pause');
    hears(woken.history, 'wake', { step: 'a' }, () => cancels(woken));
    expect(stepOf(hears(woken.history, 'halt'))).toMatchObject(HALTED);
  });

  it('fails what is suspended when another step fails, with on_failure halt, and cancels it else', () => {
    for (const on_failure of ['halt', 'undo'] as const) {
      const wait = suspended(asks(), { on_failure });
      wait.history.broke('1:b:do:1', failure('BOOM', 'no'));
      wait.history.task(() => cancels(wait));
      expect(stepOf(wait.history).status).toBe(on_failure === 'halt' ? 'failed' : 'cancelled');
    }
  });

  it('fails what was woken and not called again, by its close', () => {
    const woken = suspended(sleeps(), { on_failure: 'halt' });
    fires(woken).broke('1:b:do:1', failure('BOOM', 'no'));
    expect(stepOf(woken.history).status).toBe('running');
    const error = { reason: 'step_failed:b', compensate_from_idx: null };
    woken.history.task(() => woken.history.close({ status: 'halted', error }));
    expect(stepOf(woken.history)).toMatchObject(HALTED);
  });

  it('leaves alone what is called at the time', () => {
    const wait = suspended(sleeps());
    fires(wait).task(() => wait.history.scheduled('0:a:do:2'));
    expect(stepOf(hears(wait.history, 'halt')).status).toBe('running');
  });
});

it('leaves a step suspended when Temporal ends the run', () => {
  const { history } = suspended(asks());
  history.add('workflowExecutionTerminated', {});
  expect(fold(history)).toMatchObject({ ended: 'terminated', steps: [{ status: 'waiting', outcome: 'unknown' }, {}] });
});
