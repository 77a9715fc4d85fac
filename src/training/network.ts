import type { ModelSpec } from '../contracts/training-spec.ts';
import { randomUnit, streamKey } from './counter-rng.ts';
import type { Split } from './datasets/dataset.ts';
import { TrainingError } from './errors.ts';
import { createKernel, type Engine, type Kernel } from './kernel/kernel.ts';
import type { Pass } from './layers/layer.ts';
import { sizeOf } from './layers/layer.ts';
import { lossAndGradient, scoreBatch, type Scores, softmax } from './loss.ts';
import { type NetworkPlan, planNetwork } from './network-plan.ts';

const INIT_STREAM = 1;
const MAX_HEAP_FLOATS = 2 ** 28;

/** How a network is set up. */
export interface NetworkOptions {
  /** Most images in one pass. */
  readonly maxBatch: number;
  /** Parameter-sized regions beside the parameters: 0 to predict, 2 to train with SGD, 3 with Adam. */
  readonly extraRegions: 0 | 2 | 3;
  /** Default: the fastest that this Node supports. */
  readonly engine?: Engine | undefined;
}

/** Share of images classified right (0 to 1) and mean cross-entropy in nats. */
export interface Score {
  readonly accuracy: number;
  readonly loss: number;
}

/** A network with its parameters in memory. */
export class Network {
  readonly plan: NetworkPlan;
  readonly kernel: Kernel;
  readonly #maxBatch: number;
  readonly #classes: number;

  /** @throws TrainingError `SPEC_INVALID`, `MODEL_TOO_LARGE` (over 1 GiB of memory), `OUT_OF_MEMORY`, `ENGINE_UNAVAILABLE`. */
  constructor(model: ModelSpec, { maxBatch, extraRegions, engine }: NetworkOptions) {
    this.plan = planNetwork(model, maxBatch, extraRegions > 0);
    this.#maxBatch = maxBatch;
    this.#classes = model.classes;
    const floats = this.plan.activationFloats + (1 + extraRegions) * this.plan.paramFloats;
    if (floats > MAX_HEAP_FLOATS) {
      const mib = Math.ceil((floats * 4) / 2 ** 20);
      throw new TrainingError(
        'MODEL_TOO_LARGE',
        `Expected at most 1024 MiB of memory, the model needs ${mib} MiB; use fewer filters, fewer units or a smaller batch_size.`,
      );
    }
    this.kernel = createKernel(floats, engine);
  }

  /** Start in the heap of region `index`: 0 parameters, 1 gradients, 2 and 3 what the optimizer keeps. */
  regionStart(index: number): number {
    return this.plan.activationFloats + index * this.plan.paramFloats;
  }

  /** A live view of region `index`, without padding. */
  region(index: number): Float32Array {
    const start = this.regionStart(index);
    return this.kernel.heap.subarray(start, start + this.plan.paramCount);
  }

  /** Sets weights to Glorot-uniform values decided by the seed alone, and biases to zero. */
  initialise(seed: number): void {
    const params = this.region(0);
    for (const [index, { offset, count, bound }] of this.plan.slots.entries()) {
      const key = streamKey(seed, INIT_STREAM, index);
      for (let i = 0; i < count; i++) params[offset + i] = bound === 0 ? 0 : (2 * randomUnit(key, i) - 1) * bound;
    }
  }

  /** Where the pixels of a batch go: one row per image, values in [0, 1]. */
  inputView(images: number): Float32Array {
    const { shape, values } = this.plan.input;
    return this.kernel.heap.subarray(values, values + images * sizeOf(shape));
  }

  /** Runs the loaded batch forward. `training` decides the dropout masks; null means no dropout. */
  forward(images: number, training: Pass['training']): void {
    const pass = this.#pass(images, training);
    for (const layer of this.plan.layers) layer.forward(pass);
  }

  /** Runs the loaded batch forward and backward; leaves gradients in region 1 and returns the mean loss in nats. */
  gradients(labels: Uint8Array, training: Pass['training']): number {
    const images = labels.length;
    this.forward(images, training);
    const loss = lossAndGradient(this.#scores(images), labels, this.plan.logits.grads);
    const pass = this.#pass(images, training);
    for (const layer of this.plan.layers.toReversed()) layer.backward(pass);
    return loss;
  }

  /** Class probabilities of image `row` of the batch last run forward. */
  probabilities(row: number): Float32Array {
    const out = new Float64Array(this.#classes);
    softmax(this.#scores(row + 1), row, out);
    return Float32Array.from(out);
  }

  /** Accuracy and loss over a whole split, without dropout. */
  evaluate(split: Split): Score {
    let lossSum = 0;
    let correct = 0;
    for (let start = 0; start < split.count; start += this.#maxBatch) {
      const images = Math.min(this.#maxBatch, split.count - start);
      split.copyPixels(this.inputView(images), (row) => start + row);
      this.forward(images, null);
      const batch = scoreBatch(this.#scores(images), split.labels.subarray(start, start + images));
      lossSum += batch.lossSum;
      correct += batch.correct;
    }
    return { accuracy: correct / split.count, loss: lossSum / split.count };
  }

  #pass(images: number, training: Pass['training']): Pass {
    return { kernel: this.kernel, images, params: this.regionStart(0), grads: this.regionStart(1), training };
  }

  #scores(rows: number): Scores {
    return { heap: this.kernel.heap, logits: this.plan.logits.values, rows, classes: this.#classes };
  }
}
