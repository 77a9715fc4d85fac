import { foldHistory } from '../../../src/client/history/fold.ts';
import type { FoldedRun, FoldedStep } from '../../../src/client/history/folded.ts';
import type { Json } from '../../../src/contracts/ledger.ts';
import type { SagaStart } from '../../../src/contracts/saga-start.ts';
import { HistoryBuilder, payload } from '../../support/history-builder.ts';

// Histories of external steps: `a`, and `b` behind it, both with an undo.

export const HOUR = 3_600_000;
const REPORT = { worker_id: 'w1', attempt: 3, started_at: '2026-01-01T01:00:00.500+01:00' };

export type Said = Readonly<Record<string, Json>>;

export const success = (result: Json = null, more: Said = {}): Said => ({ ...REPORT, status: 'SUCCESS', result, ...more });
export const sleeps = (more: Said = {}): Said => ({ ...REPORT, status: 'SLEEP', duration_ms: HOUR, data: null, ...more });
export const asks = (more: Said = {}): Said => ({
  ...REPORT,
  status: 'APPROVAL',
  approval_type: 'publish',
  data: { rows: 3 },
  timeout_ms: HOUR,
  ...more,
});

export const SLEEP = '0:a:do:1 sleep';
export const APPROVAL = '0:a:do:1 approval publish';

export function external(start?: SagaStart): HistoryBuilder {
  const step = { external: true, queue: 'q', undo: { task_type: 'take-back' } };
  const steps = [
    { name: 'a', ...step },
    { name: 'b', needs: ['a'], ...step },
  ];
  return new HistoryBuilder({ steps, ...(start ? { start } : {}) });
}

/** When the builder wrote an event. */
export function at(event: number, plusMs = 0): string {
  return new Date((1_767_225_600 + event) * 1000 + plusMs).toISOString();
}

export const fold = (history: HistoryBuilder): FoldedRun => foldHistory(history.events, { id: 'r' });

export function stepOf(history: HistoryBuilder, idx = 0): FoldedStep {
  const step = fold(history).steps[idx];
  if (!step) throw new Error(`no step ${idx}`);
  return step;
}

/** One task that calls, and what the worker answers. */
export function answers(history: HistoryBuilder, call: string, said: Json): HistoryBuilder {
  let scheduled = 0;
  history.task(() => (scheduled = history.scheduled(call)));
  history.completed(scheduled, payload(said));
  return history;
}

/** A step that was suspended: the id of the event that started its timer. */
export interface Suspended {
  readonly history: HistoryBuilder;
  readonly timer: number;
}

/** `a` was called and answered so, and the suspension has begun. */
export function suspended(said: Said, start?: SagaStart): Suspended {
  const history = answers(external(start), '0:a:do:1', said);
  return { history, timer: begins(history, said['status'] === 'SLEEP' ? SLEEP : APPROVAL) };
}

/** One task that starts a timer: the id of the event. */
export function begins(history: HistoryBuilder, summary: string): number {
  let timer = 0;
  history.task(() => (timer = history.command('timerStarted', { timerId: '1' }, summary)));
  return timer;
}

export function fires({ history, timer }: Suspended): HistoryBuilder {
  history.add('timerFired', { timerId: '1', startedEventId: timer });
  return history;
}

/** A command. */
export function cancels({ history, timer }: Suspended): HistoryBuilder {
  history.command('timerCanceled', { timerId: '1', startedEventId: timer });
  return history;
}

export const decision = (more: Said = {}): Said => ({
  step: 'a',
  decision: 'approved',
  by: 'ada',
  comment: 'fine',
  decision_id: 'd1',
  ...more,
});

/** An update and what its task does besides. */
export function hears(history: HistoryBuilder, update: string, arg?: Json, commands: () => unknown = () => undefined): HistoryBuilder {
  history.task(() => {
    history.update(update, arg);
    commands();
  });
  return history;
}
