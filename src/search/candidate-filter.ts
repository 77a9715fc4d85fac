import type { Params } from '../contracts/search-space.ts';
import { type Dimension, paramsKey } from './dimensions.ts';

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
  const keys = new Set(tried.map((params) => paramsKey(dimensions, params)));
  return { triedCount: keys.size, isNew: (params) => !keys.has(paramsKey(dimensions, params)), isFeasible };
}
