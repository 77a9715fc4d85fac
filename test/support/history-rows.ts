import type { HistoryEvent } from '../../src/client/history/decode.ts';
import { rowsOf } from '../../src/client/rebuild.ts';
import { verifyRun, type Verdict, type VerifySources } from '../../src/client/verify.ts';
import type { SagaRun, SagaStepRow } from '../../src/contracts/ledger.ts';
import { formatVersion } from '../../src/contracts/version.ts';
import { HistoryBuilder } from './history-builder.ts';

export const OPTIONS = { id: 'r' };
export const rows = (history: HistoryBuilder): SagaRun => rowsOf(history.events, OPTIONS);

export function sources(run: SagaRun | undefined, ...histories: readonly (HistoryBuilder | undefined)[]): VerifySources {
  let reading = 0;
  const fetchHistory = async (): Promise<readonly HistoryEvent[] | undefined> =>
    histories[Math.min(reading++, histories.length - 1)]?.events;
  return { fetchHistory, readRun: async () => run, pause_ms: 1 };
}
export const verify = (run: SagaRun | undefined, ...histories: readonly (HistoryBuilder | undefined)[]): Promise<Verdict> =>
  verifyRun(sources(run, ...histories), 'r');

export function withStep(run: SagaRun, idx: number, patch: Partial<SagaStepRow>): SagaRun {
  return { ...run, steps: run.steps.map((step) => (step.step_idx === idx ? { ...step, ...patch } : step)) };
}

/** a done, b failed, a undone, rolled back. */
export function rolledBack(): HistoryBuilder {
  const history = new HistoryBuilder();
  history.did('0:a:do:1', { v: 'x\0y' });
  history.broke('1:b:do:1');
  history.did('0:a:undo:1');
  history.task(() =>
    history.close({
      status: 'rolled_back',
      error: { reason: 'step_failed:b', compensate_from_idx: 0, message: 'step b failed: it broke' },
    }),
  );
  return history;
}

/** a done, b running; the version of the task that started b. */
export function running(): { readonly history: HistoryBuilder; readonly version: number; readonly b: number } {
  const history = new HistoryBuilder();
  history.did('0:a:do:1', 1);
  let b = 0;
  const history_length = history.task(() => (b = history.scheduled('1:b:do:1')));
  return { history, version: formatVersion({ run_no: 1, history_length, n: 1 }), b };
}
