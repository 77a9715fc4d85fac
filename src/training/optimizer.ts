import type { TrainingSpec } from '../contracts/training-spec.ts';
import type { Network } from './network.ts';
import { integerPower } from './portable-math.ts';

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;

/** Parameter-sized regions that an optimizer needs: gradients and its own state. */
export function optimizerRegions(optimizer: TrainingSpec['optimizer']): 2 | 3 {
  return optimizer === 'adam' ? 3 : 2;
}

/**
 * Applies the gradients in region 1 to the parameters.
 *
 * @param step - number of this step, from 1; Adam corrects its bias with it.
 */
export function optimizerStep(network: Network, spec: TrainingSpec, step: number): void {
  const count = network.plan.paramFloats;
  const [p, g, m] = [network.regionStart(0), network.regionStart(1), network.regionStart(2)];
  if (spec.optimizer === 'sgd') {
    network.kernel.sgd({ p, g, m, v: 0, count }, spec.learning_rate, spec.momentum);
    return;
  }
  const rate = (spec.learning_rate * Math.sqrt(1 - integerPower(BETA2, step))) / (1 - integerPower(BETA1, step));
  network.kernel.adam({ p, g, m, v: network.regionStart(3), count }, { rate, beta1: BETA1, beta2: BETA2, eps: EPSILON });
}
