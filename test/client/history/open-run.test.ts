import { describe, expect, it } from 'vitest';
import { statesAt } from '../../../src/client/history/at-version.ts';
import { verifyRun, type VerifySources } from '../../../src/client/verify.ts';
import type { SagaStart } from '../../../src/contracts/saga-start.ts';
import { formatVersion } from '../../../src/contracts/version.ts';
import { HistoryBuilder, payload, returned } from '../../support/history-builder.ts';
import { OPTIONS, rows, running, verify, withStep } from '../../support/history-rows.ts';

describe('an open run', () => {
  it('may show any prefix of the commands of its task, and nothing else', () => {
    const history = new HistoryBuilder();
    let a = 0;
    history.task(() => (a = history.scheduled('0:a:do:1')));
    const waiting = history.taskStarted();
    history.taskCompleted();
    history.completed(a, payload(returned(1)));
    const length = history.task(
      () => (history.scheduled('1:b:do:1'), history.add('activityTaskCanceled', { scheduledEventId: 99 }), history.scheduled('2:c:do:1')),
    );
    const seen = (at: number): readonly string[][] =>
      statesAt(history.events, OPTIONS, at).states.map(({ run }) => run.steps.map((step) => step.status));
    expect(seen(waiting)).toEqual([['running', 'pending', 'pending']]);
    expect(seen(length)).toEqual([
      ['completed', 'pending', 'pending'],
      ['completed', 'running', 'pending'],
      ['completed', 'running', 'running'],
    ]);
  });

  it('is compared row by row as of the version of the row', async () => {
    const { history, version, b } = running();
    const run = { ...rows(history), version };
    history.completed(b, payload(returned(2)));
    history.task(() => history.scheduled('2:c:do:1'));
    expect((await verify(run, history)).status).toBe('ok');
    expect((await verify(withStep(run, 0, { status: 'failed' }), history)).differences).toMatchObject([
      { step_idx: 0, field: 'status', ledger: 'failed', history: 'completed' },
    ]);
    expect((await verify(withStep(run, 1, { status: 'completed' }), history)).status).toBe('different');
  });

  it('may not pass a step while nothing has failed', async () => {
    const { history, version } = running();
    const run = withStep({ ...rows(history), version }, 0, { status: 'compensated', compensated_at: 'now' });
    expect((await verify(run, history)).status).toBe('different');
  });

  it('is read again when the rows are ahead of the history', async () => {
    const { history, b } = running();
    const ahead = running().history;
    ahead.completed(b, payload(returned(2)));
    const history_length = ahead.task(() => ahead.scheduled('2:c:do:1'));
    const run = { ...rows(ahead), version: formatVersion({ run_no: 1, history_length, n: 0 }) };
    expect((await verify(run, history, ahead)).status).toBe('ok');
    expect((await verify(withStep(run, 1, { output: 3 }), history, ahead)).status).toBe('different');
  });
});

describe('where the history is silent, a row', () => {
  it('may show what a lost attempt at a task did, when the next one did it again', async () => {
    const history = new HistoryBuilder({ steps: [{ name: 'a', light: true }, { name: 'b' }] });
    const lost = history.taskStarted();
    history.taskTimedOut();
    history.task(() => history.marker('0:a:do:1', { result: payload(returned(1)) }));
    const run = { ...rows(history), version: formatVersion({ run_no: 1, history_length: lost, n: 3 }) };
    expect((await verify(run, history)).status).toBe('ok');
    expect(statesAt(history.events, OPTIONS, lost).ahead).toBe(false);
  });

  it('may show a light step as running until its marker is there', async () => {
    const history = new HistoryBuilder({ steps: [{ name: 'a', light: true }, { name: 'b' }] });
    const history_length = history.task();
    const version = formatVersion({ run_no: 1, history_length, n: 0 });
    const run = withStep({ ...rows(history), version }, 0, { status: 'running', version });
    expect((await verify(run, history)).status).toBe('ok');
    expect((await verify(withStep(run, 1, { status: 'running' }), history)).status).toBe('different');
  });

  it('may show a failure that was not final as running', async () => {
    const history = new HistoryBuilder();
    history.broke('0:a:do:1');
    const history_length = history.task(() => history.marker('0:a:value:1', { result: payload(returned(9)) }));
    const version = formatVersion({ run_no: 1, history_length, n: 0 });
    const run = { ...rows(history), version };
    const row = { output: null, error: null, version };
    expect((await verify(withStep(run, 0, { ...row, status: 'running' }), history)).status).toBe('ok');
    expect((await verify(withStep(run, 0, { ...row, status: 'compensated' }), history)).status).toBe('different');
  });

  it('may have passed a completed step once a step has failed, and says so in status and error', async () => {
    const history = new HistoryBuilder();
    history.did('0:a:do:1', 1);
    history.broke('1:b:do:1');
    const history_length = history.task();
    const run = { ...rows(history), version: formatVersion({ run_no: 1, history_length, n: 0 }), status: 'compensating' as const };
    const error = { reason: 'step_failed:b', compensate_from_idx: 0 };
    expect((await verify(withStep({ ...run, error }, 0, { status: 'compensated', compensated_at: 'now' }), history)).status).toBe('ok');
    expect((await verify({ ...run, error: { ...error, reason: 'cancelled' } }, history)).status).toBe('different');
  });
});

describe('a run that was entered again', () => {
  it('takes the rows of the run before, until the new run has written its own', async () => {
    const reentry = {
      mode: 'rollback' as const,
      run_no: 2,
      root_run_id: 'run-1',
      created_at: 't',
      started_at: null,
      recovery_attempts: 0,
      steps: [{ step_idx: 0, status: 'completed' as const, output: 1, generation: 0 }],
    };
    const first = running().history;
    first.add('workflowExecutionTerminated', {});
    const second = new HistoryBuilder({ run_id: 'run-2', start: { reentry } satisfies SagaStart });
    const run = rows(first);
    const read: VerifySources = {
      fetchHistory: async (_id, runId) => (runId === 'run-1' ? first : second).events,
      readRun: async () => run,
      pause_ms: 1,
    };
    expect((await verifyRun(read, 'r')).status).toBe('unresolved');
    second.task();
    expect((await verifyRun(read, 'r')).differences).toContainEqual(expect.objectContaining({ field: 'version', ledger: 1, history: 2 }));
  });
});
