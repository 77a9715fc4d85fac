import { createHash } from 'node:crypto';
import type { Fit } from '../contracts/train-rung.ts';
import type { TrainingSpec } from '../contracts/training-spec.ts';
import { type CheckpointIdentity, encodeCheckpoint, restoreCheckpoint, specSha256, type TrainingPosition } from './checkpoint.ts';
import { permutation, streamKey } from './counter-rng.ts';
import type { Dataset, SplitName } from './datasets/dataset.ts';
import { datasetToFit } from './datasets/joined.ts';
import { TrainingError } from './errors.ts';
import type { Engine } from './kernel/kernel.ts';
import { encodeModel } from './model-file.ts';
import { Network, type Score } from './network.ts';
import { refuseTooLarge } from './network-plan.ts';
import { optimizerRegions, optimizerStep } from './optimizer.ts';

const SHUFFLE_STREAM = 2;

/** What to train. The same spec, dataset and seed always give the same weights. */
export interface TrainerOptions {
  readonly spec: TrainingSpec;
  readonly dataset: Dataset;
  /** Integer, 0 to 2^53 - 1. */
  readonly seed: number;
  /** Which images it learns from. Default `train`; with `train_and_validation` the validation accuracy is of images it has seen. */
  readonly fit?: Fit | undefined;
  /** Continues from here instead of from fresh weights. */
  readonly checkpoint?: Uint8Array | undefined;
  /** Default: the fastest that this Node supports. The result does not depend on it. */
  readonly engine?: Engine | undefined;
}

/** What a batch left behind. */
export interface BatchResult {
  /** Mean loss of this batch, in nats. */
  readonly loss: number;
  /** Set when the batch was the last of its epoch. */
  readonly finished: { readonly epoch: number; readonly trainLoss: number; readonly validationAccuracy: number } | null;
}

/**
 * Creates a trainer on this thread.
 *
 * @throws TrainingError `SPEC_INVALID`, `MODEL_TOO_LARGE`, `CHECKPOINT_CORRUPT`, `CHECKPOINT_MISMATCH`, `OUT_OF_MEMORY`, `ENGINE_UNAVAILABLE`.
 */
export function createTrainer(options: TrainerOptions): Trainer {
  refuseMisfit(options);
  return new Trainer({ ...options, dataset: datasetToFit(options.dataset, options.fit ?? 'train') });
}

/** A training that advances batch by batch and can stop and continue anywhere; see {@link createTrainer}. */
export class Trainer {
  readonly paramCount: number;
  readonly engine: Engine;
  /** Batches per epoch; the last may be smaller than the others. */
  readonly batches: number;
  readonly #options: TrainerOptions;
  readonly #network: Network;
  readonly #identity: CheckpointIdentity;
  #position: TrainingPosition = { epoch: 0, batch: 0, step: 0, loss_sum: 0, validation_accuracy: null };
  #order: { readonly epoch: number; readonly rows: Uint32Array } | undefined;

  /** Use {@link createTrainer}, which checks that the spec fits the dataset. */
  constructor(options: TrainerOptions) {
    const { spec, dataset, seed, checkpoint, engine } = options;
    const extraRegions = optimizerRegions(spec.optimizer);
    this.#options = options;
    this.#network = new Network(spec.model, { maxBatch: spec.batch_size, extraRegions, engine });
    this.#identity = {
      spec_sha256: specSha256(spec),
      dataset_id: dataset.info.id,
      dataset_sha256: dataset.sha256,
      seed,
    };
    this.paramCount = this.#network.plan.paramCount;
    this.engine = this.#network.kernel.engine;
    this.batches = Math.ceil(dataset.splits.train.count / spec.batch_size);
    if (checkpoint === undefined) this.#network.initialise(seed);
    else this.#position = restoreCheckpoint(checkpoint, this.#identity, this.#savedRegions());
  }

  /** How far the training has come. */
  get position(): TrainingPosition {
    return this.#position;
  }

  /** Whether all epochs of the spec are done. */
  get done(): boolean {
    return this.#position.epoch >= this.#options.spec.epochs;
  }

  /**
   * Trains one batch; after the last one of an epoch, also scores the validation images.
   *
   * @throws TrainingError `TRAINING_DIVERGED` when the loss or a weight is no longer finite. The trainer is of no use then.
   */
  trainBatch(): BatchResult {
    const { spec, seed } = this.#options;
    const { step, batch, loss_sum: lossSum } = this.#position;
    const labels = this.#loadBatch();
    const loss = this.#network.gradients(labels, { seed, step });
    if (!Number.isFinite(loss)) throw this.#diverged(`loss ${loss}`);
    optimizerStep(this.#network, spec, step + 1);
    this.#position = { ...this.#position, step: step + 1, batch: batch + 1, loss_sum: lossSum + loss };
    return { loss, finished: batch + 1 === this.batches ? this.#finishEpoch() : null };
  }

  /** Trains at most `count` batches, across epochs, and stops when all epochs of the spec are done; returns how many it trained. */
  trainBatches(count: number): number {
    let trained = 0;
    for (; trained < count && !this.done; trained++) this.trainBatch();
    return trained;
  }

  /** Trains until `epoch` epochs are finished (default: all of the spec). */
  trainUntil(epoch: number = this.#options.spec.epochs): void {
    while (this.#position.epoch < epoch && !this.done) this.trainBatch();
  }

  /** Accuracy and loss over a split, without dropout. Score `test` once, at the end. */
  evaluate(split: SplitName): Score {
    return this.#network.evaluate(this.#options.dataset.splits[split]);
  }

  /** Everything needed to continue bit for bit, here or elsewhere. */
  checkpoint(): Uint8Array {
    return encodeCheckpoint(this.#identity, this.#position, this.#savedRegions());
  }

  /** The weights so far, as a model that `loadModel` reads. */
  model(): Uint8Array {
    const { spec, dataset } = this.#options;
    return encodeModel(spec.model, dataset.info, this.#network.region(0));
  }

  /** SHA-256 of the weights alone, hexadecimal. */
  weightsSha256(): string {
    return createHash('sha256').update(this.#network.region(0)).digest('hex');
  }

  // Parameters and the optimizer's state; gradients are recomputed and need not be kept.
  #savedRegions(): Float32Array[] {
    const state = optimizerRegions(this.#options.spec.optimizer) === 3 ? [2, 3] : [2];
    return [0, ...state].map((index) => this.#network.region(index));
  }

  #loadBatch(): Uint8Array {
    const { spec, dataset } = this.#options;
    const { train } = dataset.splits;
    const start = this.#position.batch * spec.batch_size;
    const images = Math.min(spec.batch_size, train.count - start);
    const rows = this.#epochOrder().subarray(start, start + images);
    train.copyPixels(this.#network.inputView(images), (row) => rows[row] ?? 0);
    return Uint8Array.from(rows, (row) => train.labels[row] ?? 0);
  }

  // A function of seed and epoch alone, so a resumed epoch sees the images in the same order.
  #epochOrder(): Uint32Array {
    const { seed, dataset } = this.#options;
    const { epoch } = this.#position;
    if (this.#order?.epoch !== epoch) {
      this.#order = { epoch, rows: permutation(streamKey(seed, SHUFFLE_STREAM, epoch), dataset.splits.train.count) };
    }
    return this.#order.rows;
  }

  #finishEpoch(): NonNullable<BatchResult['finished']> {
    // A weight may overflow without the loss showing it, behind a relu that is never active.
    if (!this.#network.region(0).every(Number.isFinite)) throw this.#diverged('a weight that is not finite');
    const { accuracy } = this.evaluate('validation');
    const epoch = this.#position.epoch + 1;
    const trainLoss = this.#position.loss_sum / this.batches;
    this.#position = { ...this.#position, epoch, batch: 0, loss_sum: 0, validation_accuracy: accuracy };
    return { epoch, trainLoss, validationAccuracy: accuracy };
  }

  #diverged(what: string): TrainingError {
    const { epoch, batch } = this.#position;
    const cure = `lower learning_rate (now ${this.#options.spec.learning_rate})`;
    return new TrainingError('TRAINING_DIVERGED', `Expected finite numbers, got ${what} in epoch ${epoch + 1}, batch ${batch}; ${cure}.`);
  }
}

function refuseMisfit({ spec, dataset, seed }: TrainerOptions): void {
  const { input, classes } = dataset.info;
  const same =
    input.height === spec.model.input.height && input.width === spec.model.input.width && input.channels === spec.model.input.channels;
  if (!same) {
    throw new TrainingError(
      'SPEC_INVALID',
      `model.input: expected ${JSON.stringify(input)} for dataset ${dataset.info.id}, got ${JSON.stringify(spec.model.input)}`,
    );
  }
  if (classes !== spec.model.classes) {
    throw new TrainingError('SPEC_INVALID', `model.classes: expected ${classes} for dataset ${dataset.info.id}, got ${spec.model.classes}`);
  }
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new TrainingError('SPEC_INVALID', `seed: expected an integer from 0 to 2^53 - 1, got ${seed}`);
  }
  refuseTooLarge(spec);
}
