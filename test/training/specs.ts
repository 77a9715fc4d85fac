import type { Block, TrainingSpec } from '../../src/contracts/training-spec.ts';
import type { Dataset } from '../../src/training/datasets/dataset.ts';
import { loadDataset } from '../../src/training/datasets/registry.ts';
import { randomUnit, streamKey } from '../../src/training/counter-rng.ts';
import { resolveSpec } from '../../src/training/resolve-spec.ts';

/** A small slice of the digits, on which an epoch takes milliseconds. */
export function smallDigits(): Dataset {
  return loadDataset('digits', { limit: { train: 200, validation: 100, test: 100 } });
}

/** A spec for the digits with the given blocks; 3 epochs with batches of 32 unless changed. */
export function digitsSpec(blocks: readonly Block[], changes: Partial<TrainingSpec> = {}): TrainingSpec {
  const config = { model: { blocks }, epochs: 3, batch_size: 32, learning_rate: 0.003 };
  return { ...resolveSpec('custom', config, { input: { height: 8, width: 8, channels: 1 }, classes: 10 }), ...changes };
}

/** Blocks that use every kind of layer. */
export const everyLayer: readonly Block[] = [
  { type: 'conv3x3', filters: 5, pool: 'max2', activation: 'relu' },
  { type: 'conv3x3', filters: 6, pool: 'none', activation: 'tanh' },
  { type: 'dense', units: 11, activation: 'relu', dropout: 0.25 },
];

/** Blocks that use every other kernel size, pooling and dropout. */
export const everyConvolution: readonly Block[] = [
  { type: 'conv5x5', filters: 4, pool: 'avg2', activation: 'relu', dropout: 0.1 },
  { type: 'conv1x1', filters: 6, pool: 'none', activation: 'tanh' },
  { type: 'conv3x3', filters: 5, pool: 'max2', activation: 'relu', dropout: 0.2 },
  { type: 'dense', units: 11, activation: 'tanh', dropout: 0 },
];

/** One dense layer of 16 units. */
export const oneDense: readonly Block[] = [{ type: 'dense', units: 16, activation: 'relu', dropout: 0 }];

/** `count` reproducible values in [-1, 1). */
export function noise(stream: number, count: number): Float32Array {
  const key = streamKey(99, stream);
  return Float32Array.from({ length: count }, (_, index) => 2 * randomUnit(key, index) - 1);
}
