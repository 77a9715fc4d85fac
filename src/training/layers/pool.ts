import { type Layer, type Planner, planSignal, type Shape, type Signal } from './layer.ts';

/** 2×2 max pooling with stride 2; an odd last row or column is left out. The first of equal values gets the gradient. */
export function maxPoolLayer(planner: Planner, input: Signal): Layer {
  return poolLayer(planner, input, { forward: largestOfLine, backward: gradientToLargest });
}

/** 2×2 average pooling with stride 2; an odd last row or column is left out. */
export function averagePoolLayer(planner: Planner, input: Signal): Layer {
  return poolLayer(planner, input, { forward: meansOfLine, backward: gradientToAll });
}

/** What a pooling does to one line of windows. */
interface Pooling {
  forward(heap: Float32Array, output: Shape, line: Line): void;
  /** Here `line.target` is in the gradients of the output; `toGrads` leads from a value of the input to its gradient. */
  backward(heap: Float32Array, output: Shape, line: Line, toGrads: number): void;
}

function poolLayer(planner: Planner, input: Signal, pooling: Pooling): Layer {
  const { height, width, channels } = input.shape;
  const half = { height: Math.floor(height / 2), width: Math.floor(width / 2), channels };
  const output = planSignal(planner, half);
  const row = width * channels;

  return {
    output,
    slots: [],
    forward({ kernel: { heap }, images }) {
      for (let line = 0; line < images * half.height; line++) {
        const source = input.values + topLine(line, half.height, height) * row;
        pooling.forward(heap, half, { source, row, target: output.values + line * half.width * channels });
      }
    },
    backward({ kernel: { heap }, images }) {
      heap.fill(0, input.grads, input.grads + images * height * row);
      const toGrads = input.grads - input.values;
      for (let line = 0; line < images * half.height; line++) {
        const source = input.values + topLine(line, half.height, height) * row;
        pooling.backward(heap, half, { source, row, target: output.grads + line * half.width * channels }, toGrads);
      }
    },
  };
}

interface Line {
  /** First float of the upper of two input lines. */
  readonly source: number;
  /** Floats per input line. */
  readonly row: number;
  /** First float of the output line. */
  readonly target: number;
}

// Lines of all images are counted through; an image of odd height has a last line that no output line uses.
function topLine(line: number, outputHeight: number, inputHeight: number): number {
  return Math.floor(line / outputHeight) * inputHeight + (line % outputHeight) * 2;
}

function largestOfLine(heap: Float32Array, { width, channels }: Shape, { source, row, target }: Line): void {
  for (let x = 0, out = target; x < width; x++) {
    for (let c = 0, at = source + x * 2 * channels; c < channels; c++, at++, out++) {
      heap[out] = heap[largest(heap, at, channels, row)] ?? 0;
    }
  }
}

function gradientToLargest(heap: Float32Array, { width, channels }: Shape, { source, row, target }: Line, toGrads: number): void {
  for (let x = 0, out = target; x < width; x++) {
    for (let c = 0, at = source + x * 2 * channels; c < channels; c++, at++, out++) {
      heap[largest(heap, at, channels, row) + toGrads] = heap[out] ?? 0;
    }
  }
}

// Position of the largest of the four values of a window.
function largest(heap: Float32Array, at: number, channels: number, row: number): number {
  const upper = (heap[at + channels] ?? 0) > (heap[at] ?? 0) ? at + channels : at;
  const left = at + row;
  const lower = (heap[left + channels] ?? 0) > (heap[left] ?? 0) ? left + channels : left;
  return (heap[lower] ?? 0) > (heap[upper] ?? 0) ? lower : upper;
}

function meansOfLine(heap: Float32Array, { width, channels }: Shape, { source, row, target }: Line): void {
  for (let x = 0, out = target; x < width; x++) {
    for (let c = 0, at = source + x * 2 * channels; c < channels; c++, at++, out++) {
      const upper = (heap[at] ?? 0) + (heap[at + channels] ?? 0);
      heap[out] = (upper + (heap[at + row] ?? 0) + (heap[at + row + channels] ?? 0)) / 4;
    }
  }
}

function gradientToAll(heap: Float32Array, { width, channels }: Shape, { source, row, target }: Line, toGrads: number): void {
  for (let x = 0, out = target; x < width; x++) {
    for (let c = 0, at = source + x * 2 * channels + toGrads; c < channels; c++, at++, out++) {
      const share = (heap[out] ?? 0) / 4;
      heap[at] = share;
      heap[at + channels] = share;
      heap[at + row] = share;
      heap[at + row + channels] = share;
    }
  }
}
