import type { Block, ModelSpec, TrainingSpec } from '../contracts/training-spec.ts';
import { TrainingError } from './errors.ts';
import { activationLayer } from './layers/activation.ts';
import { convLayer } from './layers/conv.ts';
import { denseLayer } from './layers/dense.ts';
import { dropoutLayer } from './layers/dropout.ts';
import { type Layer, type ParamSlot, type Planner, type Signal, sizeOf } from './layers/layer.ts';
import { averagePoolLayer, maxPoolLayer } from './layers/pool.ts';

type DenseBlock = Extract<Block, { type: 'dense' }>;
type ConvBlock = Exclude<Block, DenseBlock>;

/** Pixels along one side of a kernel. */
const SIDES = { conv1x1: 1, conv3x3: 3, conv5x5: 5 } as const;

interface Usage {
  activations: number;
  params: number;
  work: number;
}

/** A network laid out over one heap, before anything is allocated. Activations come first, then the parameter regions. */
export interface NetworkPlan {
  readonly layers: readonly Layer[];
  readonly input: Signal;
  /** Class scores before softmax. */
  readonly logits: Signal;
  readonly slots: readonly ParamSlot[];
  /** Parameters of the network. */
  readonly paramCount: number;
  /** `paramCount` rounded up to whole SIMD lanes. */
  readonly paramFloats: number;
  /** Floats of heap taken by activations and scratch. */
  readonly activationFloats: number;
  /** Work of the forward pass of one image, in multiply-adds. */
  readonly work: number;
}

/**
 * Lays out a network for batches of at most `maxBatch` images. Pure arithmetic: allocates nothing.
 *
 * @throws TrainingError `SPEC_INVALID` when pooling would leave nothing of the image.
 */
export function planNetwork(model: ModelSpec, maxBatch: number, trainable: boolean): NetworkPlan {
  const usage: Usage = { activations: 0, params: 0, work: 0 };
  const planner = createPlanner(usage, maxBatch, trainable);
  const shape = model.input;
  // The images themselves need no gradient.
  const input: Signal = { shape, values: planner.perImage(sizeOf(shape)), grads: 0 };
  const layers: Layer[] = [];
  let signal = input;
  for (const [index, block] of model.blocks.entries()) {
    layers.push(...blockLayers(planner, signal, block, index));
    signal = layers.at(-1)?.output ?? signal;
  }
  const last = denseLayer(planner, signal, model.classes, layers.length === 0);
  layers.push(last);
  return {
    layers,
    input,
    logits: last.output,
    slots: layers.flatMap((layer) => layer.slots),
    paramCount: usage.params,
    paramFloats: wholeLanes(usage.params),
    activationFloats: usage.activations,
    work: usage.work,
  };
}

/**
 * Number of trainable parameters of a model.
 *
 * @throws TrainingError `SPEC_INVALID` when pooling would leave nothing of the image.
 */
export function countParams(model: ModelSpec): number {
  return planNetwork(model, 1, false).paramCount;
}

/**
 * Refuses a model with more parameters than its spec allows.
 *
 * @throws TrainingError `MODEL_TOO_LARGE`; `SPEC_INVALID` when pooling would leave nothing of the image.
 */
export function refuseTooLarge({ model, max_params: most }: Pick<TrainingSpec, 'model' | 'max_params'>): void {
  const params = countParams(model);
  if (params > most)
    throw new TrainingError('MODEL_TOO_LARGE', `Expected at most ${most} parameters (max_params), the model has ${params}.`);
}

function createPlanner(usage: Usage, maxBatch: number, trainable: boolean): Planner {
  const once = (floats: number) => {
    const start = usage.activations;
    usage.activations += wholeLanes(floats);
    return start;
  };
  return {
    trainable,
    once,
    perImage: (floats) => once(floats * maxBatch),
    params(slot) {
      const offset = usage.params;
      usage.params += slot.count;
      usage.work += slot.count * slot.uses;
      return { ...slot, offset };
    },
  };
}

function blockLayers(planner: Planner, input: Signal, block: Block, index: number): Layer[] {
  const { dropout = 0 } = block;
  const layers = block.type === 'dense' ? denseBlock(planner, input, block, index) : convBlock(planner, input, block, index);
  const output = layers.at(-1)?.output ?? input;
  return dropout === 0 ? layers : [...layers, dropoutLayer(planner, output, dropout, index)];
}

function denseBlock(planner: Planner, input: Signal, { units, activation }: DenseBlock, index: number): Layer[] {
  const dense = denseLayer(planner, input, units, index === 0);
  return [dense, activationLayer(dense.output, activation)];
}

function convBlock(planner: Planner, input: Signal, { type, filters, pool, activation }: ConvBlock, index: number): Layer[] {
  const conv = convLayer(planner, input, { filters, side: SIDES[type] }, index === 0);
  if (pool === 'none') return [conv, activationLayer(conv.output, activation)];
  refuseEmptyPool(input, pool, index);
  if (pool === 'avg2') return [conv, activationLayer(conv.output, activation), averagePoolLayer(planner, conv.output)];
  // The largest comes out the same before a monotonic activation, and leaves a quarter of the values to compute.
  const largest = maxPoolLayer(planner, conv.output);
  return [conv, largest, activationLayer(largest.output, activation)];
}

function refuseEmptyPool({ shape: { height, width } }: Signal, pool: string, index: number): void {
  if (height >= 2 && width >= 2) return;
  throw new TrainingError(
    'SPEC_INVALID',
    `model.blocks[${index}].pool: expected 'none' because its input is only ${height}x${width} pixels, got '${pool}'`,
  );
}

function wholeLanes(floats: number): number {
  return Math.ceil(floats / 4) * 4;
}
