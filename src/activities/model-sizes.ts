import type { NasSearchInput } from '../contracts/nas-search.ts';
import type { Params } from '../contracts/search-space.ts';
import type { ModelSize } from '../search/study-planner.ts';
import { architectureOf } from '../training/architecture.ts';
import { trainingCost } from '../training/cost.ts';
import { datasetInfo } from '../training/datasets/registry.ts';
import { TrainingError } from '../training/errors.ts';
import { countParams } from '../training/network-plan.ts';

/** How large the models of a search's configurations are; null for those that cannot be built. `noop` trains nothing: all are alike. */
export function modelSizes({ engine, dataset_id, epochs }: NasSearchInput, datasetsFolder: string): (params: Params) => ModelSize | null {
  if (engine === 'noop') return () => ({ param_count: 1, cost: 1 });
  const dataset = datasetInfo(dataset_id, datasetsFolder);
  return (params) => {
    try {
      const spec = architectureOf(params, dataset, { epochs, max_params: Infinity });
      return { param_count: countParams(spec.model), cost: trainingCost(spec) };
    } catch (error) {
      if (error instanceof TrainingError) return null;
      throw error;
    }
  };
}
