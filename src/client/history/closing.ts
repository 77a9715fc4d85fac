import { ERROR_CODES } from '../../contracts/errors.ts';
import type { RunStatus, SagaError, Stuck } from '../../contracts/ledger.ts';
import type { SagaClose } from '../../contracts/saga-close.ts';
import { decodeAt, eventIdOf, jsonOf, timeOf, type HistoryEvent } from './decode.ts';
import { failedCall, sagaCloseOf } from './failures.ts';
import type { Ended, FoldedStep } from './folded.ts';
import { endRecovery } from './recovery.ts';
import { setRun, setStep, type FoldState } from './state.ts';

/** Codes with which the engine itself refuses a step; no call in the history says so. */
export const REFUSALS: readonly string[] = [ERROR_CODES.PAYLOAD_TOO_LARGE, ERROR_CODES.VALUE_NOT_JSON, ERROR_CODES.INVALID_STEPS, ERROR_CODES.ENGINE_MISUSE, ERROR_CODES.MALFORMED_RESULT];

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
  if (state.run.phase === 'recovering') endRecovery(state);
  takeRefusal(state, close.error);
  if (close.status !== 'halted') passSteps(state);
  for (const stuck of close.error.stuck ?? []) takeStuck(state, stuck);
  setRun(state, { ...closed(event, 'failed', close.status), error: close.error });
}

export function closeCancelled(state: FoldState, event: HistoryEvent): void {
  if (state.run.phase === 'recovering') endRecovery(state);
  const started = state.steps.some((step) => step.outcome !== null);
  const error: SagaError = { reason: 'cancelled', compensate_from_idx: highestVisited(state.steps) };
  passSteps(state);
  setRun(state, { ...closed(event, 'cancelled', started ? 'rolled_back' : 'cancelled'), error });
}

/** Ended without a word of the run itself: nothing was undone. */
export function closeUnresolved(state: FoldState, event: HistoryEvent, ended: Ended): void {
  setRun(state, { ended, completed_at: timeOf(event) });
}

function closed(event: HistoryEvent, ended: Ended, status: RunStatus): Partial<FoldState['run']> {
  return { ended, closed_status: status, completed_at: timeOf(event), events: eventIdOf(event) };
}

/** A step that the engine refused before or after its call has no failed call: only the close tells. */
function takeRefusal(state: FoldState, error: SagaError): void {
  const name = error.reason.startsWith('step_failed:') ? error.reason.slice('step_failed:'.length) : undefined;
  if (name === undefined || error.code === undefined || !REFUSALS.includes(error.code)) return;
  const named = state.steps.filter((step) => step.step_name === name);
  if (named.some((step) => step.error !== null)) return;
  const step = named.findLast((row) => row.outcome !== null) ?? named[0];
  if (!step) return;
  const refused = { error: { code: error.code, message: error.message ?? '' }, message_open: true, output: null, outcome: 'unknown' } as const;
  setStep(state, step.step_idx, { ...refused, status: step.status === 'compensation_failed' ? step.status : 'failed' });
}

/** The walk passes every completed step without an undo; a step of unknown outcome counts as cancelled. */
function passSteps(state: FoldState): void {
  for (const step of state.steps) {
    if (isPassed(state, step)) setStep(state, step.step_idx, { status: 'compensated' });
    if (step.status === 'running') setStep(state, step.step_idx, { status: 'cancelled' });
  }
}

/** In a retry of undos everything was passed before: what is still completed ran last in any case. */
function isPassed(state: FoldState, step: FoldedStep): boolean {
  return step.status === 'completed' && !step.late && state.run.start.reentry?.mode !== 'undo_retry';
}

/** A child's stuck steps carry its id: they are none of ours. */
function takeStuck(state: FoldState, stuck: Stuck): void {
  if (stuck.child_id !== undefined) return;
  const { code, message } = stuck;
  setStep(state, stuck.step_idx, { status: 'compensation_failed', undo: 'failed', error: { code, message }, message_open: false });
}

/** The highest index among completed steps and those that were undone; null if none. */
export function highestVisited(steps: readonly FoldedStep[]): number | null {
  const last = steps.findLast((step) => step.undo !== 'none' || (step.outcome === 'done' && !step.late));
  return last?.step_idx ?? null;
}
