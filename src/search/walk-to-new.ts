import type { Params } from '../contracts/search-space.ts';
import type { CandidateFilter } from './candidate-filter.ts';
import { type Dimension, isFiniteSpace } from './dimensions.ts';
import { createOdometer } from './odometer.ts';

/** Steps beyond the number of configurations that were tried. */
const MORE_STEPS = 1000;

/** Of a finite space, the next configuration after `from` that is new and feasible, within a bounded walk; else null. */
export function walkToNew(dimensions: readonly Dimension[], from: Params, filter: CandidateFilter): Params | null {
  if (!isFiniteSpace(dimensions)) return null;
  const odometer = createOdometer(dimensions, 1);
  let params = from;
  for (let step = 0; step < filter.triedCount + MORE_STEPS; step++) {
    params = odometer.next(params) ?? odometer.first();
    if (filter.isNew(params) && filter.isFeasible(params)) return params;
  }
  return null;
}
