import type { ProvisionedResource } from '../../contracts/cloud.ts';
import type { DriftReport } from '../../contracts/drift.ts';
import type { CloudObject } from '../port.ts';
import { fieldDiffs } from '../drift.ts';

export type Verdict = Pick<DriftReport, 'verdict' | 'diff' | 'reason'>;

/**
 * How a resource is against how it is meant; undefined is not there. What is being made or removed, what a person must look at, and
 * what is being changed at the moment (locked, and different) is `unknown`. Pure.
 */
export function verdictOf(row: ProvisionedResource, seen: Pick<CloudObject, 'observed'> | undefined): Verdict {
  if (row.state !== 'active') return unknown(`${row.state}: ${row.problem ?? STATES[row.state]}`);
  if (!seen) return { verdict: 'missing', diff: [], reason: null };
  const diff = fieldDiffs(row, seen.observed);
  if (diff.length === 0) return { verdict: 'in_sync', diff, reason: null };
  if (seen.observed['locked'] === true)
    return unknown(`locked: ${diff.map(({ field }) => field).join(', ')} may be changing at the moment`);
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
