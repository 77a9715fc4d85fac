import type { Json } from '../../contracts/ledger.ts';
import { stepIndex, type Plan } from '../../contracts/plan.ts';
import { activityEnded, activityScheduled, activityStarted, childEnded, childInitiated, childStarted, markerRecorded } from './calls.ts';
import { closeCancelled, closeCompleted, closeFailed, closeUnresolved } from './closing.ts';
import { decodeAt, eventIdOf, isObject, kindOf, summaryOf, timeOf, toNumber, type HistoryEvent } from './decode.ts';
import type { FoldedRun } from './folded.ts';
import { HistoryError } from './history-error.ts';
import { startState } from './start.ts';
import { foldedOf, mayHaveFailed, setRun, setStep, type FoldState } from './state.ts';
import { decide, halt, settleSuspensions, suspend, timeIsUp, timerCanceled, wake } from './suspensions.ts';

export interface FoldOptions {
  /** The workflow id: events do not hold it. */
  readonly id: string;
  /** The plan in code, for a run started by hand, without a memo. */
  readonly plan?: Plan | undefined;
  /** Id of the last event to read. Default: all of them. */
  readonly up_to?: number;
}

/**
 * What a run's history says of the run and its steps. Reads any prefix of a history, and any payload. Throws a `HistoryError` when
 * the events are not those of one run, from the first on, without a gap.
 */
export function foldHistory(events: readonly HistoryEvent[], options: FoldOptions): FoldedRun {
  return foldedOf(foldState(events, options));
}

/** The same, as a state that can be folded on. */
export function foldState(events: readonly HistoryEvent[], options: FoldOptions): FoldState {
  checkEvents(events, options.id);
  const [first, ...rest] = events;
  const state = first && startState(first, options);
  if (!state)
    throw new HistoryError(options.id, `expected a WorkflowExecutionStarted as event 1, got ${(first && kindOf(first)) ?? 'nothing'}`);
  const upTo = options.up_to ?? Number.POSITIVE_INFINITY;
  for (const event of rest) {
    if (eventIdOf(event) > upTo) break;
    applyEvent(state, event);
  }
  return state;
}

/** Ids run from 1 on without a gap: a page that was lost would make every row wrong. */
function checkEvents(events: readonly HistoryEvent[], id: string): void {
  if (events.length === 0) throw new HistoryError(id, 'expected events, got none');
  for (const [index, event] of events.entries()) {
    if (eventIdOf(event) !== index + 1)
      throw new HistoryError(id, `expected event ${index + 1}, got event ${eventIdOf(event)}: events are missing`);
  }
}

/** Takes one event into the state. */
export function applyEvent(state: FoldState, event: HistoryEvent): void {
  const kind = kindOf(event);
  setRun(state, { events: eventIdOf(event) });
  if (kind) HANDLERS[kind]?.(state, event);
}

type Handler = (state: FoldState, event: HistoryEvent) => void;

const HANDLERS: { readonly [K in NonNullable<ReturnType<typeof kindOf>>]?: Handler } = {
  activityTaskScheduledEventAttributes: activityScheduled,
  activityTaskStartedEventAttributes: activityStarted,
  activityTaskCompletedEventAttributes: activityEnded,
  activityTaskFailedEventAttributes: activityEnded,
  activityTaskTimedOutEventAttributes: activityEnded,
  activityTaskCanceledEventAttributes: activityEnded,
  markerRecordedEventAttributes: markerRecorded,
  startChildWorkflowExecutionInitiatedEventAttributes: childInitiated,
  startChildWorkflowExecutionFailedEventAttributes: childEnded,
  childWorkflowExecutionStartedEventAttributes: childStarted,
  childWorkflowExecutionCompletedEventAttributes: childEnded,
  childWorkflowExecutionFailedEventAttributes: childEnded,
  childWorkflowExecutionCanceledEventAttributes: childEnded,
  childWorkflowExecutionTimedOutEventAttributes: childEnded,
  childWorkflowExecutionTerminatedEventAttributes: childEnded,
  timerStartedEventAttributes: timerStarted,
  timerFiredEventAttributes: timerFired,
  timerCanceledEventAttributes: (state, event) =>
    timerCanceled(state, toNumber(event.timerCanceledEventAttributes?.startedEventId), timeOf(event)),
  workflowTaskStartedEventAttributes: taskStarted,
  workflowTaskCompletedEventAttributes: taskCompleted,
  workflowTaskFailedEventAttributes: taskFailed,
  workflowExecutionUpdateAcceptedEventAttributes: updateAccepted,
  workflowExecutionSignaledEventAttributes: signaled,
  workflowExecutionCancelRequestedEventAttributes: (state) => setRun(state, { cancel_requested: true }),
  workflowExecutionCompletedEventAttributes: closeCompleted,
  workflowExecutionFailedEventAttributes: closeFailed,
  workflowExecutionCanceledEventAttributes: closeCancelled,
  workflowExecutionContinuedAsNewEventAttributes: (state, event) => closeUnresolved(state, event, 'continued'),
  workflowExecutionTerminatedEventAttributes: (state, event) => closeUnresolved(state, event, 'terminated'),
  workflowExecutionTimedOutEventAttributes: (state, event) => closeUnresolved(state, event, 'timed_out'),
};

function timerStarted(state: FoldState, event: HistoryEvent): void {
  const summary = summaryOf(event) ?? '';
  suspend(state, summary);
  if (state.run.start_timer !== 'expected' || !summary.startsWith('start at ')) return;
  state.startTimerEvent = eventIdOf(event);
  setRun(state, { start_timer: 'running' });
}

function timerFired(state: FoldState, event: HistoryEvent): void {
  const started = toNumber(event.timerFiredEventAttributes?.startedEventId);
  if (state.run.start_timer === 'running' && started === state.startTimerEvent) setRun(state, { start_timer: 'fired' });
  timeIsUp(state, started, timeOf(event));
}

function taskStarted(state: FoldState, event: HistoryEvent): void {
  state.taskAt = timeOf(event);
  settleSuspensions(state, state.taskAt);
}

function taskCompleted(state: FoldState, event: HistoryEvent): void {
  setRun(state, { last_task: toNumber(event.workflowTaskCompletedEventAttributes?.startedEventId) });
}

/** A reset run goes on under a new run id. */
function taskFailed(state: FoldState, event: HistoryEvent): void {
  const runId = event.workflowTaskFailedEventAttributes?.newRunId;
  if (!runId) return;
  const { root_run_id, run_id } = state.run;
  setRun(state, { run_id: runId, root_run_id: root_run_id === run_id ? runId : root_run_id });
}

function updateAccepted(state: FoldState, event: HistoryEvent): void {
  const input = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input;
  if (input?.name === 'pause') setRun(state, { paused: true });
  if (input?.name === 'resume') setRun(state, { paused: false });
  if (input?.name === 'cancelAfterStep') setRun(state, { cancel_requested: true });
  if (input?.name === 'cancelAfterStep' || input?.name === 'halt') halt(state, timeOf(event));
  if (input?.name === 'skip') skip(state, decodeAt(input.args), timeOf(event));
  if (input?.name === 'wake') wake(state, decodeAt(input.args));
  if (input?.name === 'decide') decide(state, decodeAt(input.args));
}

/** From the owner of a sub-saga. */
function signaled(state: FoldState, event: HistoryEvent): void {
  const name = event.workflowExecutionSignaledEventAttributes?.signalName;
  if (name === 'jobPause') setRun(state, { paused: true });
  if (name === 'jobResume') setRun(state, { paused: false });
  if (name === 'jobHalt' && !mayHaveFailed({ ...state.run, steps: state.steps })) halt(state, timeOf(event));
}

function skip(state: FoldState, asked: unknown, at: string): void {
  if (!isObject(asked) || typeof asked['step'] !== 'string') return;
  const { kind, plan } = state.run;
  const idx = stepIndex({ kind, steps: plan }, asked['step']);
  const output: Json = asked['result'] ?? null;
  if (idx !== undefined) setStep(state, idx, { status: 'skipped', output, completed_at: at });
}
