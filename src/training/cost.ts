import type { TrainingSpec } from '../contracts/training-spec.ts';
import { planNetwork } from './network-plan.ts';

/**
 * Multiply-adds of the matrix products in the forward pass of one image; a training step takes about three times as many.
 *
 * @throws TrainingError `SPEC_INVALID` when pooling would leave nothing of the image.
 */
export function trainingCost({ model }: Pick<TrainingSpec, 'model'>): number {
  return planNetwork(model, 1, false).multiplyAdds;
}
