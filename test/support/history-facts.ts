import type { HistoryEvent } from '../../src/client/history/decode.ts';
import { textOf } from './saga-runs.ts';

/** How an activity ended, as the server wrote it down. */
export interface ActivityEnd {
  /** `idx:name:do|undo:n`. */
  readonly call: string;
  readonly how: 'completed' | 'failed' | 'timed_out' | 'cancelled';
  /** Type of its failure; empty when there was none. */
  readonly code: string;
  readonly attempt: number;
  readonly event_id: number;
  readonly at_ms: number;
}

/** When an activity was scheduled. */
export interface ActivityStart {
  readonly call: string;
  readonly event_id: number;
  readonly at_ms: number;
}

export function activityStarts(events: readonly HistoryEvent[]): ActivityStart[] {
  return events.flatMap((event) => {
    const call = event.activityTaskScheduledEventAttributes?.activityId;
    return call ? [{ call, event_id: idOf(event), at_ms: timeOf(event) }] : [];
  });
}

export function activityEnds(events: readonly HistoryEvent[]): ActivityEnd[] {
  const calls = new Map(activityStarts(events).map(({ event_id, call }) => [event_id, call]));
  const attempts = new Map(events.map((event) => [idOf(event), event.activityTaskStartedEventAttributes?.attempt ?? 0]));
  return events.flatMap((event) => {
    const end = endOf(event);
    if (!end) return [];
    const { how, attributes } = end;
    const call = calls.get(Number(attributes.scheduledEventId)) ?? '';
    const code = attributes.failure?.applicationFailureInfo?.type ?? '';
    return [
      { call, how, code, attempt: attempts.get(Number(attributes.startedEventId)) ?? 0, event_id: idOf(event), at_ms: timeOf(event) },
    ];
  });
}

interface Attributes {
  readonly scheduledEventId?: unknown;
  readonly startedEventId?: unknown;
  readonly failure?: { readonly applicationFailureInfo?: { readonly type?: string | null } | null } | null;
}

function endOf(event: HistoryEvent): { readonly how: ActivityEnd['how']; readonly attributes: Attributes } | undefined {
  const ends: readonly (readonly [ActivityEnd['how'], Attributes | null | undefined])[] = [
    ['completed', event.activityTaskCompletedEventAttributes],
    ['failed', event.activityTaskFailedEventAttributes],
    ['timed_out', event.activityTaskTimedOutEventAttributes],
    ['cancelled', event.activityTaskCanceledEventAttributes],
  ];
  for (const [how, attributes] of ends) if (attributes) return { how, attributes };
  return undefined;
}

/** Ids of the events in which an update of this name was accepted. */
export function acceptedUpdates(events: readonly HistoryEvent[], name: string): number[] {
  return events.filter((event) => event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input?.name === name).map(idOf);
}

/** How many workflow tasks timed out: their worker was gone. */
export function lostTasks(events: readonly HistoryEvent[]): number {
  return events.filter((event) => event.workflowTaskTimedOutEventAttributes).length;
}

export function idOf(event: HistoryEvent): number {
  return Number(event.eventId);
}

export function timeOf(event: HistoryEvent): number {
  return Number(event.eventTime?.seconds ?? 0) * 1000 + (event.eventTime?.nanos ?? 0) / 1e6;
}

/** A durable timer, and when it fired. */
export interface Timer {
  readonly summary: string;
  readonly ms: number;
  readonly started_ms: number;
  readonly fired_ms: readonly number[];
}

export function timersOf(events: readonly HistoryEvent[]): Timer[] {
  return events.flatMap((event) => {
    const started = event.timerStartedEventAttributes;
    if (!started) return [];
    const fired = events.filter((one) => Number(one.timerFiredEventAttributes?.startedEventId) === idOf(event));
    const { seconds = 0, nanos = 0 } = started.startToFireTimeout ?? {};
    const ms = Number(seconds) * 1000 + (nanos ?? 0) / 1e6;
    return [{ summary: textOf(event.userMetadata?.summary), ms, started_ms: timeOf(event), fired_ms: fired.map(timeOf) }];
  });
}
