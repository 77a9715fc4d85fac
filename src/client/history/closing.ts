import { CANCELLED } from '../../contracts/errors.ts';
import type { RunStatus, SagaError, Stuck } from '../../contracts/ledger.ts';
import type { SagaClose } from '../../contracts/saga-close.ts';
import { decodeAt, eventIdOf, jsonOf, timeOf, type HistoryEvent } from './decode.ts';
import { failedCall, sagaCloseOf } from './failures.ts';
import type { Ended, FoldedRun, FoldedStep } from './folded.ts';
import { endRecovery } from './recovery.ts';
import { setRun, setStep, type FoldState } from './state.ts';
import { giveUpIfSuspended } from './suspensions.ts';

/** The message of a cancel that Temporal's own cancellation asked for. */
const CANCELLED_ON_REQUEST = 'cancelled on request';

export function closeCompleted(state: FoldState, event: HistoryEvent): void {
  if (state.run.phase === 'recovering') endRecovery(state);
  const result = jsonOf(decodeAt(event.workflowExecutionCompletedEventAttributes?.result));
  setRun(state, { ...closed(event, 'completed', 'completed'), result, error: null });
}

export function closeFailed(state: FoldState, event: HistoryEvent): void {
  const failure = event.workflowExecutionFailedEventAttributes?.failure;
  const close = sagaCloseOf(failure);
  if (!close) {
    const cause = failedCall(failure);
    return setRun(state, { ended: 'broken', broken_by: cause.how === 'failed' ? cause.error : null, completed_at: timeOf(event) });
  }
  const from = leaveRecovery(state);
  takeRefusal(state, close.failed_step);
  for (const step of state.steps) giveUpIfSuspended(state, step, timeOf(event));
  if (close.status !== 'halted') passSteps(state, from, timeOf(event));
  for (const stuck of close.error.stuck ?? []) takeStuck(state, stuck);
  setRun(state, { ...closed(event, 'failed', close.status), error: close.error });
}

/** Answers the first step that the walk passed: a recovery that could not undo its rows leaves those before them alone. */
function leaveRecovery(state: FoldState): number {
  if (state.run.phase !== 'recovering') return 0;
  const recovered = endRecovery(state);
  return recovered ? 0 : (state.run.start.reentry?.from_step ?? 0);
}

export function closeCancelled(state: FoldState, event: HistoryEvent): void {
  if (state.run.phase === 'recovering') endRecovery(state);
  const started = state.steps.some((step) => step.outcome !== null);
  for (const step of state.steps) giveUpIfSuspended(state, step, timeOf(event));
  const error: SagaError = { reason: 'cancelled', compensate_from_idx: highestVisited(state), message: CANCELLED_ON_REQUEST };
  passSteps(state, 0, timeOf(event));
  setRun(state, { ...closed(event, 'cancelled', started ? 'rolled_back' : 'cancelled'), error });
}

/** Ended without a word of the run itself: nothing was undone. */
export function closeUnresolved(state: FoldState, event: HistoryEvent, ended: Ended): void {
  setRun(state, { ended, completed_at: timeOf(event) });
}

function closed(event: HistoryEvent, ended: Ended, status: RunStatus): Partial<FoldState['run']> {
  return { ended, closed_status: status, completed_at: timeOf(event), events: eventIdOf(event) };
}

/** A step whose call ended well, or was never made, and that the engine refused: only the close tells. */
function takeRefusal(state: FoldState, failed: SagaClose['failed_step']): void {
  const step = failed && state.steps[failed.step_idx];
  if (!step || failed.code === CANCELLED) return;
  const { code, message } = failed;
  if (step.message_open) setStep(state, step.step_idx, { error: { code, message }, message_open: false });
  if (step.error !== null) return;
  const status = step.status === 'compensation_failed' ? step.status : 'failed';
  setStep(state, step.step_idx, { status, error: { code, message }, output: null, outcome: 'unknown', suspension: null });
}

/** The walk passes every completed step without an undo, but not the one that runs last in any case; one of unknown outcome is over. */
function passSteps(state: FoldState, from: number, at: string): void {
  for (const step of state.steps.slice(from)) {
    if (step.status === 'running') setStep(state, step.step_idx, { status: 'cancelled' });
    if (step.status === 'completed' && !runsLast(state.run, step))
      setStep(state, step.step_idx, { status: 'compensated', compensated_at: at });
  }
}

/** A child's stuck steps carry its id: they are none of ours. */
function takeStuck(state: FoldState, stuck: Stuck): void {
  if (stuck.child_id !== undefined) return;
  const { code, message } = stuck;
  setStep(state, stuck.step_idx, { status: 'compensation_failed', undo: 'failed', error: { code, message }, message_open: false });
}

/** The highest index among completed steps and those that were undone; null if none. */
function highestVisited(state: FoldState): number | null {
  const last = state.steps.findLast((step) => step.undo !== 'none' || (step.outcome === 'done' && !runsLast(state.run, step)));
  return last?.step_idx ?? null;
}

/** Is it the step that is never undone itself? */
function runsLast(run: Pick<FoldedRun, 'plan'>, step: FoldedStep): boolean {
  return run.plan[step.step_idx]?.always === true;
}
