import type { Block, ModelSpec } from '../contracts/training-spec.ts';
import { TrainingError } from './errors.ts';
import { activationLayer } from './layers/activation.ts';
import { convLayer } from './layers/conv.ts';
import { denseLayer } from './layers/dense.ts';
import { dropoutLayer } from './layers/dropout.ts';
import { type Layer, type ParamSlot, type Planner, type Signal, sizeOf } from './layers/layer.ts';
import { poolLayer } from './layers/pool.ts';

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
}

/**
 * Lays out a network for batches of at most `maxBatch` images. Pure arithmetic: allocates nothing.
 *
 * @throws TrainingError `SPEC_INVALID` when pooling would leave nothing of the image.
 */
export function planNetwork(model: ModelSpec, maxBatch: number, trainable: boolean): NetworkPlan {
  const usage = { activations: 0, params: 0 };
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

function createPlanner(usage: { activations: number; params: number }, maxBatch: number, trainable: boolean): Planner {
  const once = (floats: number) => {
    const start = usage.activations;
    usage.activations += wholeLanes(floats);
    return start;
  };
  return {
    trainable,
    once,
    perImage: (floats) => once(floats * maxBatch),
    params(count, bound) {
      const slot = { offset: usage.params, count, bound };
      usage.params += count;
      return slot;
    },
  };
}

function blockLayers(planner: Planner, input: Signal, block: Block, index: number): Layer[] {
  const first = index === 0;
  if (block.type === 'dense') {
    const dense = denseLayer(planner, input, block.units, first);
    const active = [dense, activationLayer(dense.output, block.activation)];
    return block.dropout === 0 ? active : [...active, dropoutLayer(planner, dense.output, block.dropout, index)];
  }
  const conv = convLayer(planner, input, block.filters, first);
  if (block.pool === 'none') return [conv, activationLayer(conv.output, block.activation)];
  refuseEmptyPool(input, index);
  // Pooling first gives the same values, because both activations are monotonic, and leaves a quarter of them to compute.
  const pool = poolLayer(planner, conv.output);
  return [conv, pool, activationLayer(pool.output, block.activation)];
}

function refuseEmptyPool({ shape: { height, width } }: Signal, index: number): void {
  if (height >= 2 && width >= 2) return;
  throw new TrainingError(
    'SPEC_INVALID',
    `model.blocks[${index}].pool: expected 'none' because its input is only ${height}x${width} pixels, got 'max2'`,
  );
}

function wholeLanes(floats: number): number {
  return Math.ceil(floats / 4) * 4;
}
