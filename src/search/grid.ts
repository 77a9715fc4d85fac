import type { Params } from '../contracts/search-space.ts';
import type { CandidateFilter } from './candidate-filter.ts';
import type { Dimension } from './dimensions.ts';
import { createOdometer } from './odometer.ts';

/** Infeasible configurations in a row after which the grid counts as exhausted. */
const MOST_INFEASIBLE = 10_000;

/** The first configuration of the grid that is new and feasible; null when there is none. */
export function nextOnGrid(dimensions: readonly Dimension[], gridPoints: number, { isNew, isFeasible }: CandidateFilter): Params | null {
  const odometer = createOdometer(dimensions, gridPoints);
  let infeasible = 0;
  for (let params: Params | null = odometer.first(); params !== null && infeasible < MOST_INFEASIBLE; params = odometer.next(params)) {
    if (!isNew(params)) infeasible = 0;
    else if (isFeasible(params)) return params;
    else infeasible++;
  }
  return null;
}
