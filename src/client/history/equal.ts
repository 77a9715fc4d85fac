import type { Json } from '../../contracts/ledger.ts';
import { jsonbSafe } from '../../ledger/jsonb-safe.ts';
import { canonicalJson } from '../canonical-json.ts';

/** Does the ledger hold what jsonb makes of what the history holds? */
export function equal(ledger: Json, history: Json): boolean {
  return canonicalJson(ledger) === canonicalJson(jsonbSafe(history));
}

/** Rows are plain data, which the compiler does not know. */
export function asJson(value: unknown): Json {
  return value === undefined ? null : (value as Json);
}

/** Of lists of differences the shortest, of equal ones the last. */
export function closest<T>(attempts: readonly (readonly T[])[]): readonly T[] {
  return attempts.reduce((best, found) => (found.length <= best.length ? found : best), attempts[0] ?? []);
}
