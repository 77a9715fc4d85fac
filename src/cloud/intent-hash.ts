import { createHash } from 'node:crypto';
import type { Json } from '../contracts/ledger.ts';

/** sha256 of the value's JSON with its keys in order, in hex: equal for equal values. */
export function intentHash(value: Json): string {
  return createHash('sha256').update(JSON.stringify(value, sortKeys)).digest('hex');
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
