import type { Json, RunStatus, StepError, StepStatus } from '../../contracts/ledger.ts';
import type { Snapshot, ToldCall } from './at-version.ts';
import type { FoldedRun, FoldedStep } from './folded.ts';
import { pendingAgain } from './recovery.ts';
import { mayHaveFailed } from './state.ts';
import { HALTED, isBetween, mayHalt } from './suspensions.ts';

/** What of a step's row is compared. */
export interface StepView {
  readonly status: StepStatus;
  readonly output: Json;
  readonly error: StepError | null;
  readonly message_open: boolean;
  readonly undone: boolean;
  /** Does it sleep, or wait for a decision, until a time? */
  readonly suspended: boolean;
}

export function viewOf(step: FoldedStep): StepView {
  const { status, output, error, message_open, compensated_at, wakes_at } = step;
  return { status, output, error, message_open, undone: compensated_at !== null, suspended: wakes_at !== null };
}

/**
 * What the row of a step may show in one state of a run. More than one thing, where the history is silent for a while: a light step
 * is recorded when it ends, a failure's answer when it is carried out, a step without an undo is passed without a word.
 */
export function stepViews(snapshot: Snapshot, step: FoldedStep, calls: readonly ToldCall[]): readonly StepView[] {
  const { run } = snapshot;
  const views = [viewOf(step)];
  if (run.ended !== 'open' && run.ended !== 'continued' && !isUnresolved(run)) return views;
  const next = calls.find((call) => call.event > snapshot.event);
  const before = run.reset_rows.find((row) => row.step_idx === step.step_idx);
  const again = mayBePendingAgain(run, step) ? pendingAgain(step) : undefined;
  if (before) views.push(...undoingViews(run, before));
  if (again) views.push(viewOf(again));
  views.push(
    ...undoingViews(run, step),
    ...startingViews(run, again ?? step, next),
    ...answerViews(step, next),
    ...betweenViews(run, step),
  );
  return views;
}

/** Between two calls, a step of a run that is ending is over without a word, until its undo or the run's close. */
function betweenViews(run: FoldedRun, step: FoldedStep): readonly StepView[] {
  if (!isBetween(step) || !mayHaveFailed(run)) return [];
  const view = viewOf(step);
  return [{ ...view, status: 'cancelled' }, ...(mayHalt(run) ? [{ ...view, status: 'failed' as const, error: HALTED }] : [])];
}

/** The light step, or the light undo, may be on its way. */
function startingViews(run: FoldedRun, step: FoldedStep, next: ToldCall | undefined): readonly StepView[] {
  const light = next ? next.light : run.plan[step.step_idx]?.light === true;
  if (!light) return [];
  if (next?.phase === 'undo') return [{ ...viewOf(step), status: 'compensating' }];
  if (step.status !== 'pending' || next?.phase === 'value') return [];
  return [{ status: 'running', output: null, error: null, message_open: false, undone: false, suspended: false }];
}

/** After a failure that is not final: tried again, or gone on with a value, as later calls tell. */
function answerViews(step: FoldedStep, next: ToldCall | undefined): readonly StepView[] {
  if (step.status !== 'failed' || (next?.phase !== 'do' && next?.phase !== 'value')) return [];
  const { output, error, message_open } = step;
  const view = { output, message_open, undone: false, suspended: false };
  return [
    { ...view, status: 'running', error: null },
    { ...view, status: 'retrying', error },
  ];
}

/** A completed step without an undo may have been passed already. */
function undoingViews(run: FoldedRun, step: FoldedStep): readonly StepView[] {
  const view = viewOf(step);
  if (step.status !== 'completed' || !mayUndo(run) || run.plan[step.step_idx]?.always) return [view];
  return [view, { ...view, status: 'compensated', undone: true }];
}

function mayBePendingAgain(run: FoldedRun, step: FoldedStep): boolean {
  const from = run.start.reentry?.from_step ?? 0;
  if (run.phase !== 'recovering' || step.step_idx < from) return false;
  return run.steps.slice(from).every((row) => row.undo !== 'running' && row.undo !== 'failed');
}

/** May the walk have begun? */
function mayUndo(run: FoldedRun): boolean {
  return run.phase !== 'forward' || run.reset_rows.length > 0 || mayHaveFailed(run);
}

function isUnresolved(run: FoldedRun): boolean {
  return run.ended === 'terminated' || run.ended === 'timed_out' || run.ended === 'broken';
}

/** The statuses that the run's row may show in one state of a run. */
export function runStatuses(run: FoldedRun): readonly RunStatus[] {
  const statuses = new Set<RunStatus>([run.status]);
  if (run.ended !== 'open' && run.ended !== 'continued' && !isUnresolved(run)) return [...statuses];
  if (run.start_timer === 'expected') statuses.add('running');
  if (run.phase === 'recovering' || run.reset_rows.length > 0) statuses.add('recovering').add(run.paused ? 'paused' : 'running');
  if (mayHaveFailed(run)) statuses.add('compensating');
  return [...statuses];
}
