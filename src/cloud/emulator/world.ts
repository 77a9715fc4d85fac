import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Delays, Limits } from './options.ts';
import type { ResourceType, State } from './state.ts';

/** The account and the rules it lives by. */
export interface World {
  state: State;
  readonly clock: Clock;
  readonly delays: Delays;
  readonly limits: Limits;
}

export function nextId(state: State): number {
  state.last_id += 1;
  return state.last_id;
}

/** A UUID that follows from the next integer id, so that a run can be repeated. */
export function nextUuid(state: State): string {
  const hex = createHash('sha256')
    .update(`emulator/${nextId(state)}`)
    .digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

export function countCreated(state: State, type: ResourceType): void {
  state.created[type] = (state.created[type] ?? 0) + 1;
}

export function countDestroyed(state: State, type: ResourceType): void {
  state.destroyed[type] = (state.destroyed[type] ?? 0) + 1;
}

/** As the API writes times: to the second. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
