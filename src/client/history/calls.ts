import { parseCallId } from '../../contracts/ids.ts';
import { decodeAt, eventIdOf, lightCallOf, summaryOf, timeOf, toNumber, type HistoryEvent } from './decode.ts';
import { failedCall, timedOut } from './failures.ts';
import { setStep, type FoldState } from './state.ts';
import { beginCall, endCall, type CallEnd } from './transitions.ts';

/** Parent close policy "abandon", as on the wire: the child is a job. */
const ABANDON = 2;

/** What the SDK says when a child's id is taken. */
const CHILD_EXISTS = 'Workflow execution already started';

export function activityScheduled(state: FoldState, event: HistoryEvent): void {
  open(state, event, event.activityTaskScheduledEventAttributes?.activityId ?? '', false);
}

export function childInitiated(state: FoldState, event: HistoryEvent): void {
  const policy = event.startChildWorkflowExecutionInitiatedEventAttributes?.parentClosePolicy;
  open(state, event, summaryOf(event) ?? '', Number(policy) === ABANDON);
}

function open(state: FoldState, event: HistoryEvent, text: string, job: boolean): void {
  const call = parseCallId(text);
  if (!call) return;
  state.open.set(eventIdOf(event), { call, job });
  beginCall(state, call, timeOf(event));
}

/** The attempt that is about to end; written only then. */
export function activityStarted(state: FoldState, event: HistoryEvent): void {
  const started = event.activityTaskStartedEventAttributes;
  const call = state.open.get(toNumber(started?.scheduledEventId))?.call;
  if (call?.phase !== 'do') return;
  setStep(state, call.step_idx, { attempts: started?.attempt ?? 1, started_at: timeOf(event), worker_id: started?.identity ?? null });
}

export function activityEnded(state: FoldState, event: HistoryEvent): void {
  const completed = event.activityTaskCompletedEventAttributes;
  const failed = event.activityTaskFailedEventAttributes ?? event.activityTaskTimedOutEventAttributes;
  const scheduled = (completed ?? failed ?? event.activityTaskCanceledEventAttributes)?.scheduledEventId;
  if (completed) return ended(state, event, toNumber(scheduled), { how: 'result', value: decodeAt(completed.result), wrapped: true });
  ended(state, event, toNumber(scheduled), failed ? failedCall(failed.failure) : { how: 'cancelled' });
}

/** A job's step is done as soon as the job runs. */
export function childStarted(state: FoldState, event: HistoryEvent): void {
  const started = event.childWorkflowExecutionStartedEventAttributes;
  const initiated = toNumber(started?.initiatedEventId);
  if (!state.open.get(initiated)?.job) return;
  const value = { job_id: started?.workflowExecution?.workflowId ?? '', run_id: started?.workflowExecution?.runId ?? '' };
  ended(state, event, initiated, { how: 'result', value, wrapped: false });
}

export function childEnded(state: FoldState, event: HistoryEvent): void {
  const completed = event.childWorkflowExecutionCompletedEventAttributes;
  if (completed)
    return ended(state, event, toNumber(completed.initiatedEventId), { how: 'result', value: decodeAt(completed.result), wrapped: false });
  const [attributes, end] = childFailure(event);
  ended(state, event, toNumber(attributes?.initiatedEventId), end);
}

type ChildAttributes = { readonly initiatedEventId?: Parameters<typeof toNumber>[0] } | null | undefined;

function childFailure(event: HistoryEvent): readonly [ChildAttributes, CallEnd] {
  const failed = event.childWorkflowExecutionFailedEventAttributes;
  if (failed) return [failed, failedCall(failed.failure)];
  if (event.childWorkflowExecutionCanceledEventAttributes)
    return [event.childWorkflowExecutionCanceledEventAttributes, { how: 'cancelled' }];
  if (event.childWorkflowExecutionTimedOutEventAttributes) return [event.childWorkflowExecutionTimedOutEventAttributes, timedOut(1)];
  if (event.childWorkflowExecutionTerminatedEventAttributes)
    return [event.childWorkflowExecutionTerminatedEventAttributes, failedCall({ message: 'Terminated' })];
  return [event.startChildWorkflowExecutionFailedEventAttributes, failedCall({ message: CHILD_EXISTS })];
}

function ended(state: FoldState, event: HistoryEvent, openedBy: number, end: CallEnd): void {
  const opened = state.open.get(openedBy);
  if (!opened) return;
  state.open.delete(openedBy);
  endCall(state, opened.call, end, timeOf(event));
}

/** A light step's marker is its start and its end at once. */
export function markerRecorded(state: FoldState, event: HistoryEvent): void {
  const light = lightCallOf(event);
  if (!light?.call) return;
  const at = timeOf(event);
  if (light.call.phase !== 'value') beginCall(state, light.call, at);
  if (light.call.phase === 'do') setStep(state, light.call.step_idx, { attempts: light.attempt });
  endCall(state, light.call, light.failure ? failedCall(light.failure) : { how: 'result', value: light.result, wrapped: true }, at);
}
