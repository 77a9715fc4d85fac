import type { Kernel } from '../kernel/kernel.ts';
import { addColumnSums, fillRows, transpose } from './matrix.ts';
import { type Layer, type Planner, planSignal, type Signal, sizeOf } from './layer.ts';

/**
 * A fully connected layer: output = input · W + b, with W stored input-major.
 *
 * @param first - whether this is the first layer, whose input needs no gradient.
 */
export function denseLayer(planner: Planner, input: Signal, units: number, first: boolean): Layer {
  const inputs = sizeOf(input.shape);
  const weights = planner.params({ count: inputs * units, bound: Math.sqrt(6 / (inputs + units)), uses: 1 });
  const biases = planner.params({ count: units, bound: 0, uses: 0 });
  const output = planSignal(planner, { height: 1, width: 1, channels: units });
  const transposed = first ? 0 : planner.once(inputs * units);
  const asRows = { aRow: inputs, aCol: 1, n: units, accumulate: true };

  return {
    output,
    slots: [weights, biases],
    forward({ kernel, images, params }) {
      fillRows(kernel.heap, { source: params + biases.offset, target: output.values, rows: images, columns: units });
      kernel.gemm({
        ...asRows,
        a: input.values,
        b: params + weights.offset,
        c: output.values,
        m: images,
        depth: inputs,
      });
    },
    backward({ kernel, images, params, grads }) {
      const bias = grads + biases.offset;
      kernel.heap.fill(0, bias, bias + units);
      addColumnSums(kernel.heap, { source: output.grads, target: bias, rows: images, columns: units });
      weightGradient(kernel, { a: input.values, b: output.grads, c: grads + weights.offset, images, inputs, units });
      if (first) return;
      transpose(kernel.heap, { source: params + weights.offset, target: transposed, rows: inputs, columns: units });
      const back = { aRow: units, aCol: 1, n: inputs, accumulate: false };
      kernel.gemm({ ...back, a: output.grads, b: transposed, c: input.grads, m: images, depth: units });
    },
  };
}

interface WeightGradient {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly images: number;
  readonly inputs: number;
  readonly units: number;
}

// inputᵀ · gradient: A is read with its strides exchanged instead of being transposed.
function weightGradient(kernel: Kernel, { a, b, c, images, inputs, units }: WeightGradient): void {
  kernel.gemm({ a, aRow: 1, aCol: inputs, b, c, m: inputs, depth: images, n: units, accumulate: false });
}
