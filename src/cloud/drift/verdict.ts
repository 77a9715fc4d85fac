import type { ProvisionedResource } from '../../contracts/cloud.ts';
import type { DriftReport } from '../../contracts/drift.ts';
import type { CloudObject } from '../port.ts';
import { fieldDiffs } from '../drift.ts';

export type Verdict = Pick<DriftReport, 'verdict' | 'diff' | 'reason'>;

/** So long after a resource was made or changed its tags may come, in ms. */
const TAGS_LATE_MS = 120_000;

/**
 * How a resource is against how it is meant, at a time by the ledger's clock; undefined is not there. What is being made or removed, what
 * a person must look at, and what is being changed at the moment (locked, or so new that its tags may come yet) is `unknown`. Pure.
 */
export function verdictOf(row: ProvisionedResource, seen: Pick<CloudObject, 'observed'> | undefined, at: string): Verdict {
  if (row.state !== 'active') return unknown(`${row.state}: ${row.problem ?? STATES[row.state]}`);
  if (!seen) return { verdict: 'missing', diff: [], reason: null };
  const diff = fieldDiffs(row, seen.observed);
  if (diff.length === 0) return { verdict: 'in_sync', diff, reason: null };
  if (seen.observed['locked'] === true)
    return unknown(`locked: ${diff.map(({ field }) => field).join(', ')} may be changing at the moment`);
  const young = Date.parse(at) - Date.parse(row.updated_at) < TAGS_LATE_MS;
  if (young && diff.every(({ field }) => field === 'tags')) return unknown('just made: its tags come late');
  return { verdict: 'drifted', diff, reason: null };
}

/** Why it could not be told. */
export function unknown(reason: string): Verdict {
  return { verdict: 'unknown', diff: [], reason };
}

const STATES: Readonly<Record<Exclude<ProvisionedResource['state'], 'active'>, string>> = {
  intended: 'nothing was sent so far',
  creating: 'it is being made',
  suspect: 'whether it exists is not known',
  deleting: 'it is being removed',
  deleted: 'it is gone',
};
