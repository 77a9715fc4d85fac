import type { TrainingSpec } from '../contracts/training-spec.ts';
import { planNetwork } from './network-plan.ts';

/**
 * Work of the forward pass of one image, in multiply-adds; a training step takes about three times as much. Over 30 networks on
 * MNIST it goes with the time of an epoch (correlation 0.99, by rank 0.96), which the number of parameters does not (-0.05, by rank 0.19).
 *
 * @throws TrainingError `SPEC_INVALID` when pooling would leave nothing of the image.
 */
export function trainingCost({ model }: Pick<TrainingSpec, 'model'>): number {
  return planNetwork(model, 1, false).work;
}
