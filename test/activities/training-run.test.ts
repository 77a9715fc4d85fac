import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Jobs } from '../../src/activities/jobs.ts';
import type { StepContext } from '../../src/activities/serve-steps.ts';
import { createTrainingRunActivities } from '../../src/activities/training-run.ts';
import { ArtifactStore } from '../../src/artifacts/store.ts';
import type { ResolvedTraining } from '../../src/contracts/training-run.ts';
import { trainingRunInputSchema } from '../../src/contracts/training-run-schema.ts';
import { closeLedger, openLedger } from '../../src/ledger/connection.ts';
import { datasetSha256 } from '../../src/training/datasets/registry.ts';
import { publishShapes } from '../datasets/publish/published-shapes.ts';

// What comes after, and its undoing: test/e2e/training.test.ts.

let dir: string;
// Connects when it is first used, which these steps do not.
const sql = openLedger('postgres://127.0.0.1:1/none');
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'cerebros-training-run-'));
  await publishShapes(dir, { version: 1, count: 40 });
  await publishShapes(dir, { version: 2, channels: 3 });
  await publishShapes(dir, { name: 'untested', split: 'train' });
});
afterAll(async () => {
  await closeLedger(sql);
  await rm(dir, { recursive: true, force: true });
});

const CONTEXT = { saga_id: 'run', signal: new AbortController().signal } as StepContext;
const JOBS = {} as Jobs;

function validate(dataset_name: string): Promise<ResolvedTraining> {
  const { validateInputs } = createTrainingRunActivities({ sql, artifacts: new ArtifactStore(dir), jobs: JOBS });
  return Promise.resolve(validateInputs(trainingRunInputSchema.parse({ model_name: 'mlp-small', dataset_name }), CONTEXT));
}

describe('validateInputs', () => {
  it.each([
    ['shapes@1', 'shapes@1', 1],
    ['shapes', 'shapes@2', 3],
    ['digits', 'digits', 1],
  ])('fixes the dataset %s as %s, with its hash and the shape of its images', async (given, dataset_name, channels) => {
    const { spec, ...resolved } = await validate(given);
    expect(resolved).toMatchObject({ dataset_name, dataset_sha256: datasetSha256(dataset_name, null, join(dir, 'datasets')) });
    expect(spec.model.input).toEqual({ height: 8, width: 8, channels });
  });

  it.each([
    ['shapes@3', 'Expected dataset_id to be one of digits, mnist, shapes@1, shapes@2, untested@1, got "shapes@3".'],
    ['untested', 'Dataset untested@1 cannot be trained on: its split validation and test has no images'],
  ])('refuses %s for good, and says why', async (given, why) => {
    await expect(validate(given)).rejects.toMatchObject({
      type: 'INVALID_INPUT',
      nonRetryable: true,
      message: expect.stringContaining(why) as string,
    });
  });
});
