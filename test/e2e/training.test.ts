import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SagaRun } from '../../src/contracts/ledger.ts';
import type { EpochRecord } from '../../src/contracts/training-spec.ts';
import type { Dataset } from '../../src/training/datasets/dataset.ts';
import { loadDataset } from '../../src/training/datasets/registry.ts';
import { startDev, type DevStack } from '../support/cli.ts';
import { artifacts, digits, resultOf, trained } from '../support/training.ts';

let stack: DevStack;
let run: SagaRun;
beforeAll(async () => {
  stack = await startDev();
  run = await trained(stack, 'first', digits());
});
afterAll(() => stack.stop());

describe('a training run', () => {
  it('completes in six steps, with the figures and the files of its model', () => {
    expect(run.steps.map((step) => [step.step_name, step.status, step.attempts])).toEqual(
      ['validate_inputs', 'prepare_run', 'execute_training', 'monitor_progress', 'collect_results', 'cleanup'].map((name) => [
        name,
        'completed',
        1,
      ]),
    );
    const result = resultOf(run);
    expect(result.test_accuracy).toBeGreaterThan(0.9);
    expect(result.validation_accuracy).toBeGreaterThan(0.9);
    expect(
      createHash('sha256')
        .update(readFileSync(fileOf(result.model_uri)))
        .digest('hex'),
    ).toBe(result.model_sha256);
    const curve = JSON.parse(readFileSync(fileOf(result.curve_uri)).toString('utf8')) as EpochRecord[];
    expect(curve.map((record) => record.epoch)).toEqual(Array.from({ length: 20 }, (_, idx) => idx + 1));
    expect(curve.at(-1)?.train_loss).toBeLessThan(curve[0]?.train_loss ?? 0);
    expect(curve.at(-1)?.validation_accuracy).toBe(result.validation_accuracy);
  });

  it('leaves the model in its folder, and no checkpoint or temporary file', () => {
    expect(
      artifacts(stack)
        .filter((file) => file.startsWith('runs/'))
        .toSorted(),
    ).toEqual(['runs/first/model.bin', 'runs/first/run.json']);
    expect(artifacts(stack).filter((file) => file.includes('.tmp'))).toEqual([]);
  });

  it('registers the model with its metrics', async () => {
    const { model_sha256, model_uri, test_accuracy } = resultOf(run);
    expect(await stack.ask(['models', 'show', 'first'])).toMatchObject({
      id: 'first',
      sha256: model_sha256,
      uri: model_uri,
      metrics: { test_accuracy },
    });
    const metrics = await stack.sql`select name, count(*)::int from metrics where run = 'first' group by name order by name`;
    expect(metrics.map((row) => ({ ...row }))).toEqual([
      { name: 'train_loss', count: 20 },
      { name: 'validation_accuracy', count: 20 },
    ]);
  });

  it('gives the same model for the same seed, another for another', async () => {
    const [same, other] = await Promise.all([trained(stack, 'same-seed', digits()), trained(stack, 'other-seed', digits({ seed: 8 }))]);
    const { model_sha256, model_uri } = resultOf(run);
    expect(resultOf(same)).toMatchObject({ model_sha256, model_uri, model_id: 'same-seed' });
    expect(resultOf(other).model_sha256).not.toBe(model_sha256);
  });
});

describe('a trained model', () => {
  it('reads digits it has never seen', async () => {
    const { info, splits } = loadDataset('digits');
    const read = [3, 7, 0].map(async (digit) => {
      const file = join(stack.dataDir, `${digit}.png`);
      writeFileSync(file, await pngOf(splits.test, info, digit));
      const { class: seen, probabilities } = await stack.ask<{ readonly class: number; readonly probabilities: readonly number[] }>([
        'predict',
        'first',
        file,
      ]);
      expect(probabilities.reduce((sum, one) => sum + one, 0)).toBeCloseTo(1, 4);
      return seen;
    });
    expect(await Promise.all(read)).toEqual([3, 7, 0]);
  });

  it.each([
    { what: 'a model that is not there', args: ['predict', 'none', 'package.json'], code: 4, names: 'model none' },
    { what: 'a file that is no image', args: ['predict', 'first', 'package.json'], code: 2, names: 'package.json' },
    { what: 'a file that is not there', args: ['predict', 'first', 'none.png'], code: 2, names: 'none.png' },
  ])('refuses to predict with $what', async ({ args, code, names }) => {
    const said = await stack.cli(args);
    expect(said).toMatchObject({ code, stdout: '' });
    expect(said.stderr).toContain(names);
  });

  it('says that a damaged model is damaged', async () => {
    const { model_uri } = resultOf(run);
    const path = fileOf(model_uri);
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.subarray(1));
    const said = await stack.cli(['predict', 'first', join(stack.dataDir, '3.png')]);
    expect(said).toMatchObject({ code: 4, stdout: '' });
    rmSync(path);
    expect((await stack.cli(['predict', 'first', join(stack.dataDir, '3.png')])).code).toBe(4);
    writeFileSync(path, bytes);
  });
});

/** The file of the artifact store that a URI names. */
function fileOf(uri: string): string {
  const sha256 = uri.replace('artifact:sha256:', '');
  return join(stack.dataDir, 'artifacts', 'sha256', sha256.slice(0, 2), sha256.slice(2));
}

/** The first image of a digit as a grey PNG. */
async function pngOf(split: Dataset['splits']['test'], { input }: Dataset['info'], digit: number): Promise<Buffer> {
  const { height, width } = input;
  const pixels = new Float32Array(height * width);
  split.copyPixels(pixels, () => split.labels.indexOf(digit));
  return sharp(
    Uint8Array.from(pixels, (value) => Math.round(value * 255)),
    { raw: { width, height, channels: 1 } },
  )
    .png()
    .toBuffer();
}
