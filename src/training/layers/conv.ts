import type { GemmArgs, PatchArgs } from '../kernel/kernel.ts';
import { type Layer, type ParamSlot, type Pass, type Planner, planSignal, type Signal, sizeOf } from './layer.ts';
import { addColumnSums, fillRows, transpose } from './matrix.ts';

interface Convolution {
  readonly input: Signal;
  readonly output: Signal;
  readonly weights: ParamSlot;
  readonly biases: ParamSlot;
  /** Patches of one image, and scratch for their gradient. */
  readonly patches: number;
  /** Scratch for the transposed weights; null in the first layer, whose input needs no gradient. */
  readonly transposed: number | null;
  /** Positions of one image, inputs of one patch, outputs of one position. */
  readonly pixels: number;
  readonly taps: number;
  readonly filters: number;
  /** Pixels along one side of a patch. */
  readonly side: number;
}

/** What an output value costs beside its multiply-adds (gathering pixels, activation), counted in them; measured over 30 networks. */
const OUTPUT_WORK = 40;

/** What a convolution puts out: `filters` channels, each from patches of `side × side` pixels; `side` is odd. */
export interface Filters {
  readonly filters: number;
  readonly side: number;
}

/**
 * A convolution with stride 1 and zero padding, one image at a time: its patches (im2col) times the filters.
 * Patches are rebuilt in the backward pass, because keeping them would take `side²` times the memory of the input per image.
 *
 * @param first - whether this is the first layer, whose input needs no gradient.
 */
export function convLayer(planner: Planner, input: Signal, { filters, side }: Filters, first: boolean): Layer {
  const { height, width, channels } = input.shape;
  const pixels = height * width;
  const taps = side * side * channels;
  const conv: Convolution = {
    input,
    weights: planner.params({ count: taps * filters, bound: Math.sqrt(6 / (taps + side * side * filters)), uses: pixels }),
    biases: planner.params({ count: filters, bound: 0, uses: OUTPUT_WORK * pixels }),
    output: planSignal(planner, { height, width, channels: filters }),
    patches: planner.once(pixels * taps),
    transposed: first ? null : planner.once(taps * filters),
    pixels,
    taps,
    filters,
    side,
  };
  return {
    output: conv.output,
    slots: [conv.weights, conv.biases],
    forward: (pass) => forward(conv, pass),
    backward: (pass) => backward(conv, pass),
  };
}

function forward(conv: Convolution, { kernel, images, params }: Pass): void {
  const { input, output, patches, pixels, filters } = conv;
  const bias = { source: params + conv.biases.offset, target: output.values };
  fillRows(kernel.heap, { ...bias, rows: images * pixels, columns: filters });
  const product = { ...patchesTimes(conv), a: patches, b: params + conv.weights.offset };
  for (let image = 0; image < images; image++) {
    kernel.im2col(imageAt(conv, input.values, image));
    kernel.gemm({ ...product, c: output.values + image * pixels * filters });
  }
}

function backward(conv: Convolution, pass: Pass): void {
  const { kernel, images, grads } = pass;
  const { input, output, patches, pixels, taps, filters } = conv;
  const bias = { source: output.grads, target: grads + conv.biases.offset };
  kernel.heap.fill(0, bias.target, bias.target + filters);
  addColumnSums(kernel.heap, { ...bias, rows: images * pixels, columns: filters });
  const sums = { a: patches, aRow: 1, aCol: taps, c: grads + conv.weights.offset, m: taps, depth: pixels, n: filters };
  for (let image = 0; image < images; image++) {
    kernel.im2col(imageAt(conv, input.values, image));
    kernel.gemm({ ...sums, b: output.grads + image * pixels * filters, accumulate: image > 0 });
  }
  if (conv.transposed !== null) inputGradient(conv, pass, conv.transposed);
}

function inputGradient(conv: Convolution, { kernel, images, params }: Pass, transposed: number): void {
  const { input, output, patches, pixels, taps, filters } = conv;
  transpose(kernel.heap, { source: params + conv.weights.offset, target: transposed, rows: taps, columns: filters });
  const product = { aRow: filters, aCol: 1, b: transposed, c: patches, m: pixels, depth: filters, n: taps };
  for (let image = 0; image < images; image++) {
    kernel.gemm({ ...product, a: output.grads + image * pixels * filters, accumulate: false });
    kernel.col2im(imageAt(conv, input.grads, image));
  }
}

// Adds to the biases, which are already in place.
function patchesTimes({ pixels, taps, filters }: Convolution): Omit<GemmArgs, 'a' | 'b' | 'c'> {
  return { aRow: taps, aCol: 1, m: pixels, depth: taps, n: filters, accumulate: true };
}

function imageAt({ input, patches, side }: Convolution, region: number, image: number): PatchArgs {
  const { height: h, width: w, channels: c } = input.shape;
  return { image: region + image * sizeOf(input.shape), patches, h, w, c, k: side };
}
