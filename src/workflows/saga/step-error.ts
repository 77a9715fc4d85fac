import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure, isCancellation, TimeoutFailure } from '@temporalio/workflow';
import { TIMEOUT, timeoutMessage, type ErrorCode } from '../../contracts/errors.ts';
import type { StepError, Stuck } from '../../contracts/ledger.ts';
import { LIMITS } from '../../contracts/limits.ts';
import type { SagaClose } from '../../contracts/saga-close.ts';

/** Code and message of a step's failure, as in `docs/history.md`. */
export function stepErrorOf(error: unknown): StepError {
  const cause = rootCause(error);
  if (cause instanceof TimeoutFailure) return { code: TIMEOUT, message: timeoutMessage(timeoutName(cause)) };
  const code = (cause instanceof ApplicationFailure && cause.type) || 'ERROR';
  const message = cause instanceof Error ? cause.message : String(cause);
  return { code, message: message.slice(0, LIMITS.errorMessageChars) };
}

/** Is it the engine's, or Temporal's, word for "was cancelled"? */
export function isCancelled(error: unknown): boolean {
  return isCancellation(error);
}

/** What a failed sub-saga could not undo; a parent names it among its own. */
export function stuckInChild(error: unknown): readonly Stuck[] {
  const close = rootCause(error);
  if (!(error instanceof ChildWorkflowFailure) || !(close instanceof ApplicationFailure)) return [];
  const details = close.details?.[0] as SagaClose | undefined;
  return (details?.error.stuck ?? []).map((stuck) => ({ ...stuck, child_id: stuck.child_id ?? error.execution.workflowId ?? '' }));
}

/** A failure of the engine's own making: never retried, it names the step. */
export function refusal(code: ErrorCode, message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, code);
}

function rootCause(error: unknown): unknown {
  const wrapped = error instanceof ActivityFailure || error instanceof ChildWorkflowFailure;
  return wrapped && error.cause ? error.cause : error;
}

const TIMEOUT_NAMES: Readonly<Record<string, string>> = {
  START_TO_CLOSE: 'StartToClose',
  SCHEDULE_TO_START: 'ScheduleToStart',
  SCHEDULE_TO_CLOSE: 'ScheduleToClose',
  HEARTBEAT: 'Heartbeat',
};

function timeoutName(failure: TimeoutFailure): string {
  return TIMEOUT_NAMES[String(failure.timeoutType)] ?? String(failure.timeoutType);
}
