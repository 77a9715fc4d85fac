import { randomUnit, streamKey } from '../counter-rng.ts';
import { type Layer, type Pass, type Planner, planSignal, type Signal, sizeOf } from './layer.ts';

const DROPOUT_STREAM = 3;

/**
 * Inverted dropout: in training each value is zeroed with probability `rate` and the others are scaled up by 1 / (1 - rate).
 * The mask is a function of seed, step and layer, so the backward pass and a resumed run find the same one.
 */
export function dropoutLayer(planner: Planner, input: Signal, rate: number, index: number): Layer {
  const size = sizeOf(input.shape);
  const output = planSignal(planner, input.shape);
  const scale = 1 / (1 - rate);
  const apply = ({ kernel: { heap }, images, training }: Pass, source: number, target: number) => {
    if (training === null) {
      heap.copyWithin(target, source, source + images * size);
      return;
    }
    const key = streamKey(training.seed, DROPOUT_STREAM, training.step, index);
    for (let i = 0; i < images * size; i++) {
      heap[target + i] = randomUnit(key, i) < rate ? 0 : (heap[source + i] ?? 0) * scale;
    }
  };
  return {
    output,
    slots: [],
    forward: (pass) => apply(pass, input.values, output.values),
    backward: (pass) => apply(pass, output.grads, input.grads),
  };
}
