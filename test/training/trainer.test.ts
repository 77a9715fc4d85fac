import { describe, expect, it } from 'vitest';
import type { TrainingSpec } from '../../src/contracts/training-spec.ts';
import { encodeCheckpoint, readCheckpointHeader, specSha256 } from '../../src/training/checkpoint.ts';
import { randomU32, streamKey } from '../../src/training/counter-rng.ts';
import type { Split } from '../../src/training/datasets/dataset.ts';
import { datasetToFit } from '../../src/training/datasets/joined.ts';
import { loadDataset } from '../../src/training/datasets/registry.ts';
import { modelSha256 } from '../../src/training/model-file.ts';
import { resolveSpec } from '../../src/training/resolve-spec.ts';
import { createTrainer, type TrainerOptions } from '../../src/training/trainer.ts';
import { digitsSpec, everyConvolution, everyLayer, oneDense, smallDigits } from './specs.ts';

const dataset = smallDigits();
const base: TrainerOptions = { spec: digitsSpec(everyLayer), dataset, seed: 1 };

function trainedSha(options: TrainerOptions): string {
  const trainer = createTrainer(options);
  trainer.trainUntil();
  return modelSha256(trainer.model());
}

// A checkpoint at the start of a training whose weights all have one value.
function withWeights(spec: TrainingSpec, weight: number): Uint8Array {
  const trainer = createTrainer({ spec, dataset, seed: 1 });
  const runs = [weight, 0, 0].map((value) => new Float32Array(trainer.paramCount).fill(value));
  return encodeCheckpoint(readCheckpointHeader(trainer.checkpoint()), trainer.position, runs);
}

describe('trainer', () => {
  const uninterrupted = trainedSha(base);

  it('gives the same model for the same seed and another for another seed', () => {
    expect(trainedSha(base)).toBe(uninterrupted);
    expect(trainedSha({ ...base, seed: 2 })).not.toBe(uninterrupted);
  });

  it('gives the weights that were recorded, on every machine', () => {
    const digits = loadDataset('digits');
    const spec = digitsSpec(everyLayer, { epochs: 1 });
    expect(trainedSha({ spec, dataset: digits, seed: 42 })).toBe('2af010449aa07610537f8b94b67d5ca126f5c04d7bcf668a74bfb1873918c77e');
  });

  for (const [preset, sha256] of [
    ['mlp-small', 'c45b0bb20ee9ab687aae28a81b9c3061c4e611c628eab5adfbcb93b017b1f055'],
    ['mlp', '0279fc3432d35a166c8694b71b707491a77df74425c26d3665f635fc7c6137ac'],
    ['cnn-small', '244d625d53ce88b3dd13454326d55d5ad759e7e316a7a58dbc20ad95d3589995'],
  ] as const) {
    it(`gives the model that release 0.1.0 gave for ${preset}`, () => {
      const digits = loadDataset('digits');
      expect(trainedSha({ spec: resolveSpec(preset, { epochs: 2 }, digits.info), dataset: digits, seed: 42 })).toBe(sha256);
    });
  }

  it('names its weights by their hash, whatever they belong to', () => {
    const one = createTrainer({ ...base, spec: digitsSpec(oneDense) });
    const other = createTrainer({ ...base, spec: digitsSpec(oneDense, { learning_rate: 0.1 }) });
    expect(other.weightsSha256()).toBe(one.weightsSha256());
    one.trainBatches(1);
    expect(other.weightsSha256()).not.toBe(one.weightsSha256());
    expect(JSON.stringify(Buffer.from(one.model()).toString('latin1'))).toContain(one.weightsSha256());
  });
});

describe('a trainer that learns from train and validation images', () => {
  const both: TrainerOptions = { ...base, fit: 'train_and_validation' };

  it('sees the training images, then the validation images, and scores the same ones', () => {
    const joined = datasetToFit(dataset, 'train_and_validation');
    const { train, validation } = dataset.splits;
    expect([...joined.splits.train.labels]).toEqual([...train.labels, ...validation.labels]);
    const rows = [199, 200, 0, 299];
    const expected = [train, validation, train, validation].flatMap((split, at) => pixelsOf(split, [199, 0, 0, 99][at] ?? 0));
    const pixels = new Float32Array(4 * 64);
    joined.splits.train.copyPixels(pixels, (row) => rows[row] ?? 0);
    expect([...pixels]).toEqual(expected);
    expect([joined.splits.validation, joined.splits.test]).toEqual([validation, dataset.splits.test]);
  });

  it('trains more batches to another model, again and again the same', () => {
    expect([createTrainer(base).batches, createTrainer(both).batches]).toEqual([7, 10]);
    expect(trainedSha(both)).toBe(trainedSha(both));
    expect(trainedSha(both)).not.toBe(trainedSha(base));
  });

  it('refuses a checkpoint of a trainer that learns from the training images only, and the other way round', () => {
    for (const [one, other] of [
      [base, both],
      [both, base],
    ] as const) {
      const checkpoint = createTrainer(one).checkpoint();
      expect(() => createTrainer({ ...other, checkpoint })).toThrow(/expected dataset_sha256/);
    }
  });
});

function pixelsOf(split: Split, row: number): number[] {
  const pixels = new Float32Array(64);
  split.copyPixels(pixels, () => row);
  return [...pixels];
}

describe('a resumed trainer', () => {
  const uninterrupted = trainedSha(base);

  // 200 images in batches of 32 are 7 batches an epoch, 21 in all; the stops include 0, whole epochs and the end.
  const stops = [0, 7, 14, 21, ...Array.from({ length: 6 }, (_, index) => randomU32(streamKey(3), index) % 21)];
  for (const stop of new Set(stops)) {
    for (const optimizer of ['adam', 'sgd'] as const) {
      it(`resumes bit for bit from a checkpoint after ${stop} batches with ${optimizer}`, () => {
        const options = { ...base, spec: { ...base.spec, optimizer } };
        const first = createTrainer(options);
        first.trainBatches(stop);
        const second = createTrainer({ ...options, checkpoint: first.checkpoint() });
        expect(second.position).toEqual(first.position);
        first.trainUntil();
        second.trainUntil();
        expect(modelSha256(second.model())).toBe(modelSha256(first.model()));
        expect(second.checkpoint()).toEqual(first.checkpoint());
      });
    }
  }

  for (const stop of [0, 4, 7, 16]) {
    it(`resumes bit for bit after ${stop} batches with every convolution, pooling and dropout`, () => {
      const options: TrainerOptions = { ...base, spec: digitsSpec(everyConvolution), fit: stop === 4 ? 'train_and_validation' : 'train' };
      const first = createTrainer(options);
      first.trainBatches(stop);
      const second = createTrainer({ ...options, checkpoint: first.checkpoint() });
      first.trainUntil();
      second.trainUntil();
      expect(second.checkpoint()).toEqual(first.checkpoint());
    });
  }

  it('carries a finished training on when the spec only has more epochs', () => {
    const short = createTrainer({ ...base, spec: { ...base.spec, epochs: 1 } });
    short.trainUntil();
    expect(trainedSha({ ...base, checkpoint: short.checkpoint() })).toBe(uninterrupted);
  });
});

function withSpec(changes: Partial<TrainingSpec>): () => void {
  return () => void createTrainer({ ...base, spec: { ...base.spec, ...changes } });
}

describe('a trainer under way', () => {
  it('leaves its weights alone when it is evaluated', () => {
    const trainer = createTrainer(base);
    trainer.trainBatches(3);
    const before = trainer.checkpoint();
    trainer.evaluate('validation');
    expect(trainer.checkpoint()).toEqual(before);
  });

  it('stops at the end of the spec and says how many batches it trained', () => {
    const trainer = createTrainer(base);
    expect(trainer.batches).toBe(7);
    expect(trainer.trainBatches(1000)).toBe(21);
    expect(trainer.done).toBe(true);
  });
});

describe('a checkpoint', () => {
  it('of another spec, dataset or seed is refused, naming what differs', () => {
    const checkpoint = createTrainer(base).checkpoint();
    const others: readonly [string, Partial<TrainerOptions>][] = [
      ['spec_sha256', { spec: { ...base.spec, learning_rate: 0.5 } }],
      ['dataset_sha256', { dataset: loadDataset('digits') }],
      ['seed', { seed: 2 }],
    ];
    for (const [field, other] of others) {
      expect(() => createTrainer({ ...base, ...other, checkpoint })).toThrow(
        expect.objectContaining({ code: 'CHECKPOINT_MISMATCH', message: expect.stringContaining(`expected ${field}`) }),
      );
    }
  });

  it('that is cut short, changed or something else is refused', () => {
    const checkpoint = createTrainer(base).checkpoint();
    const changed = checkpoint.slice();
    changed.set([(changed.at(-1) ?? 0) ^ 1], changed.length - 1);
    for (const bytes of [
      checkpoint.subarray(0, -4),
      checkpoint.subarray(0, 10),
      changed,
      new Uint8Array(),
      Buffer.from('CBRSCKP1....{"not json'),
    ]) {
      expect(() => createTrainer({ ...base, checkpoint: bytes })).toThrow(expect.objectContaining({ code: 'CHECKPOINT_CORRUPT' }));
    }
  });

  it('describes itself', () => {
    const trainer = createTrainer(base);
    trainer.trainBatches(9);
    expect(readCheckpointHeader(trainer.checkpoint())).toMatchObject({
      epoch: 1,
      batch: 2,
      step: 9,
      dataset_id: 'digits',
      seed: 1,
    });
  });

  it('names its spec by what decides the weights, whatever the order of the keys', () => {
    const { spec } = base;
    const { model, ...rest } = spec;
    const reordered = { ...rest, model };
    expect(Object.keys(reordered)).not.toEqual(Object.keys(spec));
    expect(specSha256(reordered)).toBe(specSha256(spec));
    expect(specSha256({ ...spec, epochs: 9 })).toBe(specSha256(spec));
    expect(specSha256({ ...spec, batch_size: 16 })).not.toBe(specSha256(spec));
  });
});

describe('a training', () => {
  for (const poison of [Number.NaN, Number.POSITIVE_INFINITY, 3e38]) {
    it(`fails with TRAINING_DIVERGED when weights reach ${poison}`, () => {
      const spec = digitsSpec(oneDense);
      const trainer = createTrainer({ spec, dataset, seed: 1, checkpoint: withWeights(spec, poison) });
      expect(() => trainer.trainUntil()).toThrow(expect.objectContaining({ code: 'TRAINING_DIVERGED', retryable: false }));
    });
  }

  it('reaches 0.93 validation accuracy on the digits', () => {
    const digits = loadDataset('digits');
    const spec = resolveSpec('mlp-small', { epochs: 25, batch_size: 32, learning_rate: 0.003 }, digits.info);
    const trainer = createTrainer({ spec, dataset: digits, seed: 0 });
    trainer.trainUntil();
    expect(trainer.evaluate('validation').accuracy).toBeGreaterThanOrEqual(0.93);
    expect(trainer.evaluate('test').accuracy).toBeGreaterThanOrEqual(0.93);
  });

  it('learns MNIST: 0.88 on the first 2,000 test images after 3 epochs of 5,000', () => {
    const mnist = loadDataset('mnist', { limit: { train: 5000, validation: 500, test: 2000 } });
    const trainer = createTrainer({ spec: resolveSpec('mlp', { epochs: 3 }, mnist.info), dataset: mnist, seed: 1 });
    trainer.trainUntil();
    expect(trainer.evaluate('test').accuracy).toBeGreaterThanOrEqual(0.88);
  });

  it('refuses a spec that does not fit the dataset, and a seed that is none', () => {
    const { spec } = base;
    const wrongInput = { ...spec, model: { ...spec.model, input: { height: 28, width: 28, channels: 1 } } };
    expect(() => createTrainer({ ...base, spec: wrongInput })).toThrow(/^model\.input: expected .*"height":8/);
    expect(() => createTrainer({ ...base, spec: { ...spec, model: { ...spec.model, classes: 3 } } })).toThrow(
      /^model\.classes: expected 10/,
    );
    expect(() => createTrainer({ ...base, seed: -1 })).toThrow(/^seed: expected an integer/);
  });

  it('refuses a model over max_params or over 1 GiB before allocating it', () => {
    expect(withSpec({ max_params: 100 })).toThrow(expect.objectContaining({ code: 'MODEL_TOO_LARGE' }));
    const wide = digitsSpec(
      Array.from({ length: 8 }, () => ({ type: 'conv3x3', filters: 256, pool: 'none', activation: 'relu' }) as const),
      { batch_size: 4096 },
    );
    expect(withSpec(wide)).toThrow(expect.objectContaining({ code: 'MODEL_TOO_LARGE' }));
  });
});
