import { describe, expect, it } from 'vitest';
import { foldHistory } from '../../../src/client/history/fold.ts';
import type { FoldedRun } from '../../../src/client/history/folded.ts';
import { formatVersion } from '../../../src/contracts/version.ts';
import { HistoryBuilder } from '../../support/history-builder.ts';
import { rows, verify } from '../../support/history-rows.ts';

const fold = (history: HistoryBuilder): FoldedRun => foldHistory(history.events, { id: 'r' });
const signal = (history: HistoryBuilder, signalName: string): number => history.add('workflowExecutionSignaled', { signalName });

describe('the owner of a sub-saga', () => {
  it('pauses it, and lets it go on', () => {
    const history = new HistoryBuilder();
    history.did('0:a:do:1', 1);
    signal(history, 'jobPause');
    expect(fold(history)).toMatchObject({ status: 'paused', paused: true });
    signal(history, 'other');
    expect(fold(history).status).toBe('paused');
    signal(history, 'jobResume');
    expect(fold(history)).toMatchObject({ status: 'running', paused: false });
  });

  it('that was recovered counts the runs of a sub-saga it starts anew from a number of its own', async () => {
    const history = new HistoryBuilder({ start: { parent_id: 'p', first_run_no: 1001 } });
    history.did('0:a:do:1', 1);
    const history_length = history.task();
    expect(fold(history).run_no).toBe(1001);
    const run = rows(history);
    expect(run).toMatchObject({ parent_id: 'p', version: formatVersion({ run_no: 1001, history_length, n: 9999 }) });
    expect((await verify(run, history)).status).toBe('ok');
    const older = { ...run, version: formatVersion({ run_no: 2, history_length, n: 0 }) };
    expect((await verify(older, history)).differences).toMatchObject([{ field: 'version', ledger: 2, history: 1001 }]);
  });

  it('numbers a re-entry by the re-entry, not by the first run', () => {
    const reentry = {
      mode: 'continue' as const,
      run_no: 1002,
      root_run_id: 'root',
      created_at: 't',
      started_at: null,
      recovery_attempts: 0,
      steps: [],
    };
    expect(fold(new HistoryBuilder({ start: { first_run_no: 1001, reentry } })).run_no).toBe(1002);
  });
});

it('takes no notice of the timers that the ledger is written by', () => {
  const history = new HistoryBuilder({ start: { at: '2027-01-01T00:00:00Z' } });
  let timer = 0;
  history.task(() => (timer = history.command('timerStarted', { timerId: '1' }, 'ledger')));
  expect(fold(history)).toMatchObject({ status: 'pending', start_timer: 'expected' });
  history.add('timerFired', { timerId: '1', startedEventId: timer });
  history.task(() => history.command('timerCanceled', { timerId: '1', startedEventId: timer }));
  expect(fold(history)).toMatchObject({ status: 'pending', steps: [{ status: 'pending' }, {}, {}] });
});
