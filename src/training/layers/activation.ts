import { tanh } from '../portable-math.ts';
import { type Layer, type Signal, sizeOf } from './layer.ts';

/** Rectified linear unit or hyperbolic tangent, in place: the output signal is the input signal. */
export function activationLayer(signal: Signal, kind: 'relu' | 'tanh'): Layer {
  const size = sizeOf(signal.shape);
  const { values, grads } = signal;
  const relu = kind === 'relu';
  return {
    output: signal,
    slots: [],
    forward({ kernel: { heap }, images }) {
      if (relu) reluForward(heap, values, images * size);
      else tanhForward(heap, values, images * size);
    },
    backward({ kernel: { heap }, images }) {
      if (relu) reluBackward(heap, signal, images * size);
      else tanhBackward(heap, { values, grads }, images * size);
    },
  };
}

// Written as `< 0` so that NaN passes through and shows in the loss; `> 0` would turn it into 0.
function reluForward(heap: Float32Array, values: number, count: number): void {
  for (let at = values; at < values + count; at++) if ((heap[at] ?? 0) < 0) heap[at] = 0;
}

function reluBackward(heap: Float32Array, { values, grads }: Pick<Signal, 'values' | 'grads'>, count: number): void {
  for (let i = 0; i < count; i++) if ((heap[values + i] ?? 0) <= 0) heap[grads + i] = 0;
}

function tanhForward(heap: Float32Array, values: number, count: number): void {
  for (let at = values; at < values + count; at++) heap[at] = tanh(heap[at] ?? 0);
}

function tanhBackward(heap: Float32Array, { values, grads }: Pick<Signal, 'values' | 'grads'>, count: number): void {
  for (let i = 0; i < count; i++) {
    const y = heap[values + i] ?? 0;
    heap[grads + i] = (heap[grads + i] ?? 0) * (1 - y * y);
  }
}
