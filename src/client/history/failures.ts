import type { temporal } from '@temporalio/proto';
import { TIMEOUT, timeoutMessage } from '../../contracts/errors.ts';
import type { StepError } from '../../contracts/ledger.ts';
import { LIMITS } from '../../contracts/limits.ts';
import type { SagaClose } from '../../contracts/saga-close.ts';
import { decodeAt, isObject } from './decode.ts';

type Failure = temporal.api.failure.v1.IFailure;

/** Of a failure without a type of its own. */
const ERROR = 'ERROR';

/** By number, as on the wire. */
const TIMEOUT_TYPES: Readonly<Record<number, string>> = { 1: 'StartToClose', 2: 'ScheduleToStart', 3: 'ScheduleToClose', 4: 'Heartbeat' };

/** How a call failed. */
export type FailedCall = { readonly how: 'cancelled' } | { readonly how: 'failed'; readonly error: StepError };

/** The failure of an activity, light step or child, without the wrapper that only says which one it was. */
export function failedCall(failure: Failure | null | undefined): FailedCall {
  const wrapped = failure?.activityFailureInfo ?? failure?.childWorkflowExecutionFailureInfo;
  const root = wrapped && failure?.cause ? failure.cause : failure;
  if (root?.canceledFailureInfo) return { how: 'cancelled' };
  if (root?.timeoutFailureInfo) return timedOut(root.timeoutFailureInfo.timeoutType ?? 0);
  return { how: 'failed', error: stepError(root?.applicationFailureInfo?.type, root?.message ?? '') };
}

/** A call that ran into its timeout. 1: start to close. */
export function timedOut(type: number): FailedCall {
  return { how: 'failed', error: { code: TIMEOUT, message: timeoutMessage(TIMEOUT_TYPES[type] ?? 'Unspecified') } };
}

/** Code and message of a step's row; an empty code is `ERROR`. */
export function stepError(code: string | null | undefined, message: string): StepError {
  return { code: code ? code : ERROR, message: message.slice(0, LIMITS.errorMessageChars) };
}

/** What a saga's closing failure says; undefined when it is not one of ours. */
export function sagaCloseOf(failure: Failure | null | undefined): SagaClose | undefined {
  const info = failure?.applicationFailureInfo;
  if (!info?.type?.startsWith('SAGA_')) return undefined;
  const close = decodeAt(info.details);
  if (!isObject(close) || !isObject(close['error']) || typeof close['status'] !== 'string') return undefined;
  const { reason, stuck } = close['error'];
  if (typeof reason !== 'string' || !(stuck === undefined || (Array.isArray(stuck) && stuck.every(isObject)))) return undefined;
  return close as unknown as SagaClose;
}
