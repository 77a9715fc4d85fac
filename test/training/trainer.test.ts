import { describe, expect, it } from 'vitest';
import type { TrainingSpec } from '../../src/contracts/training-spec.ts';
import { encodeCheckpoint, readCheckpointHeader, specSha256 } from '../../src/training/checkpoint.ts';
import { randomU32, streamKey } from '../../src/training/counter-rng.ts';
import { loadDataset } from '../../src/training/datasets/registry.ts';
import { modelSha256 } from '../../src/training/model-file.ts';
import { resolveSpec } from '../../src/training/resolve-spec.ts';
import { createTrainer, type TrainerOptions } from '../../src/training/trainer.ts';
import { digitsSpec, everyLayer, oneDense, smallDigits } from './specs.ts';

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
});

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
