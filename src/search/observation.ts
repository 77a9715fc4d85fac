import type { Params } from '../contracts/search-space.ts';

/** What is known of one configuration that was tried; larger values are better. */
export interface Observation {
  readonly number: number;
  readonly params: Params;
  /** How far it was trained; results of longer trainings say more. */
  readonly epochs: number;
  /** Null when it failed. */
  readonly value: number | null;
}

/** Orders observations from the best to the worst: failed ones last, the further trained first, then by value, then the older first. */
export function compareObservations(a: Observation, b: Observation): number {
  if (a.value === null || b.value === null) {
    return Number(a.value === null) - Number(b.value === null) || a.number - b.number;
  }
  return b.epochs - a.epochs || b.value - a.value || a.number - b.number;
}
