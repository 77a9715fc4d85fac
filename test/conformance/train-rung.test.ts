import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ArtifactStore } from '../../src/artifacts/store.ts';
import type { TrainRungResult } from '../../src/contracts/train-rung.ts';
import { TRAIN_RUNG_SCHEMAS } from '../../src/contracts/train-rung-schema.ts';
import { exportDataset } from '../../src/training/datasets/export-idx.ts';
import { datasetSha256 } from '../../src/training/datasets/registry.ts';
import { findPython } from '../support/python.ts';
import { pythonEngine, typescriptEngine, type Outcome } from './engines.ts';
import { inputOf, readVectors, type Images, type Vector } from './vectors.ts';

const POINTS = 0.03;
const TRAIN_MS = 180_000;
/** Trained a second time, and a third time in two rungs. */
const REPEATED = 'depth-and-width-of-all-blocks';

const folder = mkdtempSync(join(tmpdir(), 'cerebros-conformance-'));
// Found before the tests are declared: without Python there are none of it.
const python = await findPython('trainRung on the Python engine');
const engines = [typescriptEngine(folder), ...(python === undefined ? [] : [pythonEngine(python, folder)])];
const vectors = readVectors();
const trained = vectors.filter((vector) => 'accuracy' in vector.expect);
const refused = vectors.filter((vector) => 'error' in vector.expect);
/** By engine, then by vector. */
const outcomes: Record<string, Record<string, Outcome>> = {};
let images: Images;

beforeAll(async () => {
  const dataset_id = 'digits';
  const dataset_files = await exportDataset(new ArtifactStore(folder), dataset_id, null);
  images = { dataset_id, dataset_sha256: datasetSha256(dataset_id, null), dataset_files };
  for (const { name: engine, run } of engines) {
    const done = await run(vectors.map((vector) => inputOf(vector, images, `${engine}-${vector.name}`)));
    outcomes[engine] = Object.fromEntries(vectors.map(({ name }, index) => [name, done[index] ?? {}]));
  }
}, TRAIN_MS);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(engines)('the engine $name', ({ name: engine, run }) => {
  test.each(trained)('trains $name: $about', (vector) => {
    const result = resultOf(outcomes[engine]?.[vector.name]);
    expect(TRAIN_RUNG_SCHEMAS['train-rung-result'].parse(result)).toEqual(result);
    const { params, seed, to_epoch, final } = vector.input;
    expect(result).toMatchObject({ params, seed, checkpoint: { epoch: to_epoch }, param_count: expected(vector).param_count });
    expect(result.epochs.map(({ epoch }) => epoch)).toEqual(Array.from({ length: to_epoch }, (_, index) => index + 1));
    expect(result.epochs.at(-1)?.validation_accuracy).toBe(result.value);
    expectWithin(result.value, expected(vector).accuracy);
    expect(result.model !== null).toBe(final);
    expectWithin(result.model?.test_accuracy, expected(vector).test_accuracy);
  });

  test.each(refused)('refuses $name for good: $about', (vector) => {
    const { error } = outcomes[engine]?.[vector.name] ?? {};
    expect(error).toMatchObject({ type: (vector.expect as { error: string }).error, non_retryable: true });
    expect(error?.message).toMatch(/expected .+, got|expected at most/i);
  });

  test(
    'gives the same weights for the same seed, and the same again from a checkpoint',
    async () => {
      const vector = vectorOf(REPEATED);
      const [again, other, first] = await run([
        inputOf(vector, images, `${engine}-again`),
        { ...inputOf(vector, images, `${engine}-other`), seed: vector.input.seed + 1 },
        { ...inputOf(vector, images, `${engine}-parts`), to_epoch: 5 },
      ]);
      const { weights_sha256, epochs } = resultOf(outcomes[engine]?.[REPEATED]);
      expect(resultOf(again).weights_sha256).toBe(weights_sha256);
      expect(resultOf(other).weights_sha256).not.toBe(weights_sha256);
      const [rest] = await run([{ ...inputOf(vector, images, `${engine}-parts`), checkpoint: resultOf(first).checkpoint }]);
      expect(resultOf(rest).weights_sha256).toBe(weights_sha256);
      const losses = [...resultOf(first).epochs, ...resultOf(rest).epochs].map(({ train_loss }) => train_loss);
      expect(losses).toEqual(epochs.map(({ train_loss }) => train_loss));
    },
    TRAIN_MS,
  );
});

describe.each(engines.slice(1))('the engines typescript and $name', ({ name: engine }) => {
  test.each(trained)('are within 3 points of each other on $name', ({ name }) => {
    const [one, other] = [resultOf(outcomes['typescript']?.[name]), resultOf(outcomes[engine]?.[name])];
    expect(Math.abs(one.value - other.value)).toBeLessThanOrEqual(POINTS);
    expect(Math.abs((one.model?.test_accuracy ?? 0) - (other.model?.test_accuracy ?? 0))).toBeLessThanOrEqual(POINTS);
    expect(Object.keys(other).toSorted()).toEqual(Object.keys(one).toSorted());
  });
});

test('there are ten vectors, good and bad', () => {
  expect([trained.length, refused.length]).toEqual([6, 4]);
});

function resultOf(outcome: Outcome | undefined): TrainRungResult {
  if (outcome?.result) return outcome.result;
  throw new Error(`expected a result, got ${JSON.stringify(outcome)}`);
}

function vectorOf(name: string): Vector {
  const vector = vectors.find((one) => one.name === name);
  if (vector) return vector;
  throw new Error(`expected a vector ${name}`);
}

function expected({ expect: wanted }: Vector): Exclude<Vector['expect'], { error: string }> {
  if ('accuracy' in wanted) return wanted;
  throw new Error('expected a vector that is trained');
}

function expectWithin(value: number | undefined, bounds: { readonly low: number; readonly high: number } | undefined): void {
  if (!bounds) return;
  expect(value).toBeGreaterThanOrEqual(bounds.low);
  expect(value).toBeLessThanOrEqual(bounds.high);
}
