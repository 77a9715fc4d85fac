import type { Params } from '../contracts/search-space.ts';
import type { Dimension } from './dimensions.ts';
import { ParamsSet } from './params-set.ts';

/** What keeps a configuration from being proposed. */
export interface CandidateFilter {
  /** Configurations that were proposed before. */
  readonly triedCount: number;
  readonly isNew: (params: Params) => boolean;
  readonly isFeasible: (params: Params) => boolean;
}

export function createCandidateFilter(
  dimensions: readonly Dimension[],
  tried: readonly Params[],
  isFeasible: (params: Params) => boolean = () => true,
): CandidateFilter {
  const known = new ParamsSet(dimensions);
  for (const params of tried) known.add(params);
  return { triedCount: known.size, isNew: (params) => !known.has(params), isFeasible };
}
