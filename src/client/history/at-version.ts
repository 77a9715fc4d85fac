import type { CallPhase } from '../../contracts/ids.ts';
import { parseCallId } from '../../contracts/ids.ts';
import { eventIdOf, kindOf, lightCallOf, summaryOf, toNumber, type HistoryEvent } from './decode.ts';
import { applyEvent, foldState, type FoldOptions } from './fold.ts';
import type { FoldedRun } from './folded.ts';
import { copyState, foldedOf, type FoldState } from './state.ts';

/** A state that a row may show, and where it stands. */
export interface Snapshot {
  readonly run: FoldedRun;
  /** Id of the last event in it. */
  readonly event: number;
}

/** What a row that was flushed in one workflow task may show. */
export interface StatesAtVersion {
  /** That workflow task has not completed in this history: the row may show commands that are not in it. */
  readonly ahead: boolean;
  /** From what the task was told to all that it did; never empty. */
  readonly states: readonly Snapshot[];
}

/**
 * The states after every event up to the WorkflowTaskStarted with id `historyLength`, and after each command of that task. Of a task
 * that was lost, and started again, the next one that completed made the commands. 0 is the start of the run.
 */
export function statesAt(events: readonly HistoryEvent[], options: FoldOptions, historyLength: number): StatesAtVersion {
  const started = events[historyLength - 1]?.workflowTaskStartedEventAttributes;
  // An attempt that the server did not write down was told two events, its own, that are not in the history.
  const from = started ? historyLength : Math.max(1, Math.min(historyLength - 2, events.length));
  const state = foldState(events, { ...options, up_to: from });
  const states = [snapshot(state, from)];
  const commands = commandsOf(events, historyLength);
  if (!started) foldOn(state, events.slice(from, commands ? historyLength : events.length), states);
  foldOn(state, commands ?? [], states);
  return { ahead: commands === undefined && historyLength > 0, states };
}

function foldOn(state: FoldState, events: readonly HistoryEvent[], states: Snapshot[]): void {
  const on = copyState(state);
  for (const event of events) {
    applyEvent(on, event);
    states.push(snapshot(on, eventIdOf(event)));
  }
  Object.assign(state, on);
}

function snapshot(state: FoldState, event: number): Snapshot {
  return { run: foldedOf(state), event };
}

/** The commands of the first task, from this one on, that completed; undefined when none has. */
function commandsOf(events: readonly HistoryEvent[], historyLength: number): readonly HistoryEvent[] | undefined {
  if (historyLength === 0) return [];
  const completed = events.findIndex((event) => toNumber(event.workflowTaskCompletedEventAttributes?.startedEventId) >= historyLength);
  const task = events[completed];
  if (!task) return undefined;
  const rest = events.slice(completed + 1);
  const next = rest.findIndex((event) => event.workflowTaskCompletedEventAttributes);
  return rest.slice(0, next < 0 ? rest.length : next).filter((event) => isCommandOf(event, eventIdOf(task)));
}

/** The server may write down other events between the commands of one task. */
function isCommandOf(event: HistoryEvent, task: number): boolean {
  const kind = kindOf(event);
  if (!kind) return false;
  if (kind === 'workflowExecutionUpdateAcceptedEventAttributes' || kind === 'workflowExecutionUpdateCompletedEventAttributes') return true;
  const attributes = event[kind];
  return (
    attributes !== null &&
    attributes !== undefined &&
    'workflowTaskCompletedEventId' in attributes &&
    toNumber(attributes.workflowTaskCompletedEventId) === task
  );
}

/** A call that a history tells of. */
export interface ToldCall {
  readonly event: number;
  readonly phase: CallPhase;
  /** Told only when it ended. */
  readonly light: boolean;
}

/** The calls of each step, in order, by the step's index. */
export function callsByStep(events: readonly HistoryEvent[]): ReadonlyMap<number, readonly ToldCall[]> {
  const calls = new Map<number, ToldCall[]>();
  for (const event of events) {
    const light = lightCallOf(event)?.call;
    const call = light ?? parseCallId(event.activityTaskScheduledEventAttributes?.activityId ?? childSummary(event));
    if (!call) continue;
    const told = { event: eventIdOf(event), phase: call.phase, light: light !== undefined };
    calls.set(call.step_idx, [...(calls.get(call.step_idx) ?? []), told]);
  }
  return calls;
}

function childSummary(event: HistoryEvent): string {
  return event.startChildWorkflowExecutionInitiatedEventAttributes ? (summaryOf(event) ?? '') : '';
}
