import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type ModelSpec, modelSpecSchema } from '../contracts/training-spec.ts';
import type { DatasetInfo, Split } from './datasets/dataset.ts';
import { TrainingError } from './errors.ts';
import type { Engine } from './kernel/kernel.ts';
import { Network, type Score } from './network.ts';
import { decodeTensors, encodeTensors, type TensorFormat } from './tensor-file.ts';

const FORMAT: TensorFormat = { magic: 'CBRSMDL1', corrupt: 'MODEL_CORRUPT' };
const PREDICT_BATCH = 32;

const headerSchema = z.object({ model: modelSpecSchema, dataset_id: z.string(), labels: z.array(z.string()).optional() });

/** A trained model, ready to predict. */
export interface LoadedModel {
  readonly spec: ModelSpec;
  /** The dataset it was trained on. */
  readonly datasetId: string;
  /** Names of its classes, in order; null when they are numbers from 0. */
  readonly labels: readonly string[] | null;
  readonly paramCount: number;
  /**
   * Class probabilities of one image, summing to 1.
   *
   * @param pixels - row, column, channel; values in [0, 1], ink near 1.
   * @throws TrainingError `SPEC_INVALID` when the number of pixels is not the model's.
   */
  predict(pixels: Float32Array): Float32Array;
  /** Accuracy and loss over a whole split. */
  evaluate(split: Split): Score;
}

/** Writes a model: its shape and its weights, nothing that differs between equal weights. */
export function encodeModel(model: ModelSpec, { id, labels }: Pick<DatasetInfo, 'id' | 'labels'>, params: Float32Array): Uint8Array {
  return encodeTensors(FORMAT, { model, dataset_id: id, ...(labels ? { labels } : {}) }, [params]);
}

/** The `model_sha256` of a model's bytes, hexadecimal. */
export function modelSha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * Reads a model written by a training.
 *
 * @throws TrainingError `MODEL_CORRUPT` when the bytes are no whole model.
 */
export function loadModel(bytes: Uint8Array, engine?: Engine): LoadedModel {
  const { header, values } = decodeTensors(FORMAT, bytes);
  const parsed = headerSchema.safeParse(header);
  if (!parsed.success)
    throw new TrainingError('MODEL_CORRUPT', 'The model cannot be used: its header lacks fields.', {
      cause: parsed.error,
    });
  const { model, dataset_id: datasetId, labels = null } = parsed.data;
  const network = new Network(model, { maxBatch: PREDICT_BATCH, extraRegions: 0, engine });
  const { paramCount } = network.plan;
  if (values.length !== paramCount)
    throw new TrainingError('MODEL_CORRUPT', `The model cannot be used: expected ${paramCount} weights, got ${values.length}.`);
  network.region(0).set(values);
  return {
    spec: model,
    datasetId,
    labels,
    paramCount,
    predict: (pixels) => predict(network, pixels),
    evaluate: (split) => network.evaluate(split),
  };
}

function predict(network: Network, pixels: Float32Array): Float32Array {
  const input = network.inputView(1);
  if (pixels.length !== input.length) {
    throw new TrainingError('SPEC_INVALID', `Expected ${input.length} pixels for this model, got ${pixels.length}.`);
  }
  input.set(pixels);
  network.forward(1, null);
  return network.probabilities(0);
}
