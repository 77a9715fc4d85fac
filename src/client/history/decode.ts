import type { temporal } from '@temporalio/proto';
import { parseCallId, type CallId } from '../../contracts/ids.ts';
import type { Json } from '../../contracts/ledger.ts';
import type { PlanStep } from '../../contracts/plan.ts';

/** One raw event, as the server sends it. */
export type HistoryEvent = temporal.api.history.v1.IHistoryEvent;
type Payload = temporal.api.common.v1.IPayload;
type Payloads = temporal.api.common.v1.IPayloads;
type Failure = temporal.api.failure.v1.IFailure;
type Timestamp = NonNullable<HistoryEvent['eventTime']>;
type Int64 = NonNullable<HistoryEvent['eventId']> | number | string | null | undefined;

/** What a payload that cannot be read decodes to, in place of a throw. */
export class Malformed {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** A decoded payload; undefined is a payload that is missing or says "nothing". */
export type Decoded = Json | undefined | Malformed;

const UTF8 = new TextDecoder();

/** Bytes that are absent come as an empty list. */
function textOf(data: Uint8Array | null | undefined): string {
  return data && data.length > 0 ? UTF8.decode(data) : '';
}

/** Reads `json/plain` and `binary/null`; anything else, and text that is no JSON, is `Malformed`. */
export function decodePayload(payload: Payload | null | undefined): Decoded {
  if (!payload) return undefined;
  const name = textOf(payload.metadata?.['encoding']);
  if (name === 'binary/null') return undefined;
  if (name !== 'json/plain') return new Malformed(`expected a payload of json/plain, got ${name === '' ? 'no encoding' : name}`);
  const text = textOf(payload.data);
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    return new Malformed(`expected JSON, got ${JSON.stringify(text.slice(0, 60))}: ${String(error)}`);
  }
}

/** The payload at `index`, 0 by default. */
export function decodeAt(payloads: Payloads | null | undefined, index = 0): Decoded {
  return decodePayload(payloads?.payloads?.[index]);
}

/** A decoded value as JSON: nothing, and what cannot be read, is null. */
export function jsonOf(value: Decoded): Json {
  return value === undefined || value instanceof Malformed ? null : value;
}

/** Is the decoded value a JSON object? */
export function isObject(value: unknown): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Malformed);
}

/** Is it something like a plan's steps: a list of objects with a name, and names in `needs`? */
export function isStepList(value: unknown): value is readonly PlanStep[] {
  return (
    Array.isArray(value) &&
    value.every(
      (step) => isObject(step) && typeof step['name'] === 'string' && (step['needs'] === undefined || Array.isArray(step['needs'])),
    )
  );
}

/** A 64-bit number of the wire: event ids are far below 2⁵³. 0 when absent. */
export function toNumber(value: Int64): number {
  if (value === null || value === undefined) return 0;
  return typeof value === 'object' ? value.toNumber() : Number(value);
}

export function eventIdOf(event: HistoryEvent): number {
  return toNumber(event.eventId);
}

/** When the event was written, ISO 8601 in UTC. */
export function timeOf(event: HistoryEvent): string {
  return isoOf(event.eventTime);
}

/** ISO 8601 in UTC, to the millisecond. */
export function isoOf(time: Timestamp | null | undefined): string {
  return new Date(toNumber(time?.seconds) * 1000 + Math.floor((time?.nanos ?? 0) / 1e6)).toISOString();
}

/** The event's summary in Temporal Web; undefined when it has none. */
export function summaryOf(event: HistoryEvent): string | undefined {
  const summary = decodePayload(event.userMetadata?.summary);
  return typeof summary === 'string' ? summary : undefined;
}

type AttributesKey = Extract<keyof HistoryEvent, `${string}EventAttributes`>;

/** Which kind of event it is: the name of the attributes that it has. */
export function kindOf(event: HistoryEvent): AttributesKey | undefined {
  const key = Object.keys(event).find((name) => name.endsWith('EventAttributes') && event[name as AttributesKey]);
  return key as AttributesKey | undefined;
}

/** A call that ran inside a workflow task, as its marker tells it. */
export interface LightCall {
  /** Undefined: the engine's own, such as the ledger's flush. */
  readonly call: CallId | undefined;
  readonly attempt: number;
  readonly result: Decoded;
  readonly failure: Failure | undefined;
}

const LOCAL_ACTIVITY = 'core_local_activity';

/** The light call that a marker records; undefined for any other event, and for a failed attempt that is tried again after a timer. */
export function lightCallOf(event: HistoryEvent): LightCall | undefined {
  const marker = event.markerRecordedEventAttributes;
  if (marker?.markerName !== LOCAL_ACTIVITY) return undefined;
  const data = decodeAt(marker.details?.['data']);
  const told = isObject(data) ? data : {};
  const retried = told['backoff'] !== null && told['backoff'] !== undefined;
  if (retried && marker.failure) return undefined;
  return {
    call: parseCallId(summaryOf(event) ?? ''),
    attempt: typeof told['attempt'] === 'number' ? told['attempt'] : 1,
    result: decodeAt(marker.details?.['result']),
    failure: marker.failure ?? undefined,
  };
}
