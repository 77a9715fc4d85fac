import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ArtifactStore } from '../../src/artifacts/store.ts';
import { BUILT_IN_DATASETS, DATASET_NAMES } from '../../src/contracts/training-catalogue.ts';
import { writeVersion } from '../../src/datasets/publish/prepare.ts';
import { exportDataset } from '../../src/training/datasets/export-idx.ts';
import { datasetInfo, datasetSha256, loadDataset, resolveDatasetId } from '../../src/training/datasets/registry.ts';
import { pixelsFromImage } from '../../src/training/image.ts';
import { loadModel } from '../../src/training/model-file.ts';
import { resolveSpec } from '../../src/training/resolve-spec.ts';
import { trainInThread } from '../../src/training/train-in-thread.ts';
import { createTrainer } from '../../src/training/trainer.ts';
import { drawn, drawnRows, prepared } from '../datasets/publish/drawn-rows.ts';
import { publishShapes } from '../datasets/publish/published-shapes.ts';

let made: string;
let dir: string;
let published: string;

beforeAll(async () => {
  made = await mkdtemp(join(tmpdir(), 'cerebros-made-'));
  for (const version of [1, 2, 10]) await publishShapes(made, { version, count: 50 + version });
  await publishShapes(made, { name: 'colours', channels: 3 });
  await publishShapes(made, { name: 'one-class', label: 'all' });
  await publishShapes(made, { name: 'no-labels', label: null });
  await publishShapes(made, { name: 'no-test', split: 'train' });
  await publishShapes(made, { name: 'wide', width: 300, count: 5 });
});
afterAll(() => rm(made, { recursive: true, force: true }));
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'cerebros-published-'));
  published = join(dir, 'datasets');
  await cp(join(made, 'datasets'), published, { recursive: true });
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('a dataset that was built', () => {
  it('is known by its version, with its classes and sizes', () => {
    expect(datasetInfo('shapes@10', published)).toMatchObject({
      id: 'shapes@10',
      input: { height: 8, width: 8, channels: 1 },
      classes: 2,
      labels: ['left', 'right'],
      sizes: { train: 36, validation: 12, test: 12 },
    });
  });

  it('loads as its images are, from 0 to 1, with their classes', async () => {
    const { splits, info } = loadDataset('shapes@1', { published });
    const bytes = await readFile(join(published, 'shapes', '1', 'pixels', 'test-images.idx'));
    const pixels = new Float32Array(splits.test.count * 64);
    splits.test.copyPixels(pixels, (row) => row);
    expect(pixels).toEqual(Float32Array.from(bytes.subarray(16), (byte) => byte / 255));
    const brighter = (row: number): string => {
      const image = pixels.subarray(row * 64, row * 64 + 64);
      return (image[0] ?? 0) > (image[7] ?? 0) ? 'left' : 'right';
    };
    expect([...splits.test.labels].map((label) => info.labels?.[label])).toEqual([...splits.test.labels].map((_, row) => brighter(row)));
  });

  it('is the newest version by number when its name stands alone; a full id and a built-in one stay as they are', () => {
    expect(['shapes', 'shapes@2', 'mnist', 'digits'].map((id) => resolveDatasetId(id, published))).toEqual([
      'shapes@10',
      'shapes@2',
      'mnist',
      'digits',
    ]);
  });

  it('has a hash that depends on its content and the limit only', async () => {
    const [one, two, limited] = [
      datasetSha256('shapes@1', null, published),
      datasetSha256('shapes@2', null, published),
      datasetSha256('shapes@1', { train: 3 }, published),
    ];
    expect(new Set([one, two, limited]).size).toBe(3);
    expect(loadDataset('shapes@1', { published, limit: { train: 3 } })).toMatchObject({ sha256: limited, splits: { train: { count: 3 } } });
    await cp(join(published, 'shapes', '1'), join(published, 'same', '4'), { recursive: true });
    expect(datasetSha256('same@4', null, published)).toBe(one);
  });

  it('is exported byte for byte, colours side by side', async () => {
    const artifacts = new ArtifactStore(dir);
    const grey = await exportDataset(artifacts, 'shapes@1', null);
    const original = await readFile(join(published, 'shapes', '1', 'pixels', 'train-images.idx'));
    expect(Buffer.from(await artifacts.get(grey.train_images)).equals(original)).toBe(true);
    const colour = Buffer.from(await artifacts.get((await exportDataset(artifacts, 'colours@1', null)).test_images));
    expect([colour.readUInt32BE(4), colour.readUInt32BE(8), colour.readUInt32BE(12)]).toEqual([12, 8, 24]);
    const source = await readFile(join(published, 'colours', '1', 'pixels', 'test-images.idx'));
    expect(colour.subarray(16).equals(source.subarray(20))).toBe(true);
  });
});

describe('a dataset', () => {
  it.each(['shapes@3', 'shape', 'shapes@0', '../datasets/shapes@1', 'shapes@1/../2', 'mnist@1'])(
    'that is not there, as %s, is refused with what there is',
    (id) => {
      const known = 'digits, mnist, colours@1, no-labels@1, no-test@1, one-class@1, shapes@1, shapes@2, shapes@10, wide@1';
      const message = `Expected dataset_id to be one of ${known}, got ${JSON.stringify(id)}.`;
      expect(() => resolveDatasetId(id, published)).toThrow(expect.objectContaining({ code: 'DATASET_UNKNOWN', message }));
      expect(() => datasetInfo(id)).toThrow(expect.objectContaining({ code: 'DATASET_UNKNOWN' }));
    },
  );

  it.each([
    ['one-class@1', 'expected at least 2 classes, got 1'],
    ['no-labels@1', 'expected at least 2 classes, got 0'],
    ['no-test@1', 'its split validation and test has no images'],
    ['wide@1', 'it has no pixels; build it again with pixels'],
  ])('%s cannot be trained on, and says why', (id, why) => {
    const refusal = expect.objectContaining({ code: 'DATASET_UNUSABLE', message: expect.stringContaining(why) as string }) as Error;
    expect(() => datasetInfo(id, published)).toThrow(refusal);
    expect(() => datasetSha256(id, null, published)).toThrow(refusal);
  });

  it('with pixels that are too large cannot be trained on', async () => {
    const folder = join(dir, 'large');
    const rows = await drawnRows(folder, 5);
    await writeVersion(await prepared(folder, rows, { dataset: 'large', pixels: { width: 300, height: 8 } }), 1);
    await cp(join(folder, 'prepared'), join(published, 'large', '1'), { recursive: true });
    expect(() => datasetInfo('large@1', published)).toThrow('expected pixels of at most 256x256, got 300x8');
  });

  it('with a file that was changed, or is gone, is refused, naming the file', async () => {
    const file = join(published, 'shapes', '1', 'pixels', 'train-labels.idx');
    const bytes = await readFile(file);
    bytes[9] = 1 - (bytes[9] ?? 0);
    await writeFile(file, bytes);
    const refused = { code: 'DATASET_MISMATCH', message: expect.stringContaining('pixels/train-labels.idx: expected sha256') as string };
    expect(() => loadDataset('shapes@1', { published })).toThrow(expect.objectContaining(refused));
    await rm(file);
    const missing = { code: 'DATASET_MISSING', message: expect.stringContaining('file pixels/train-labels.idx is missing') as string };
    expect(() => loadDataset('shapes@1', { published })).toThrow(expect.objectContaining(missing));
  });
});

describe('training on a dataset that was built', () => {
  it.each([
    ['shapes@10', 'mlp-small'],
    ['colours@1', 'cnn-small'],
  ])('learns %s with %s, and its model names the classes of new images', async (id, model) => {
    const info = datasetInfo(id, published);
    const spec = resolveSpec(model, { epochs: 20, batch_size: 8 }, info);
    const trained = await trainInThread({ spec, dataset_id: id, datasets_folder: published, seed: 1, score_test: true });
    expect(trained.test_accuracy).toBe(1);
    const loaded = loadModel(trained.model ?? new Uint8Array());
    expect([loaded.datasetId, loaded.labels]).toEqual([id, ['left', 'right']]);
    const seen = await Promise.all(
      [1000, 1001].map((n) => drawn(dir, { n, channels: info.input.channels === 3 ? 3 : 1, width: 16, height: 16 })),
    );
    const guesses = seen.map(async ({ blob }) => {
      const probabilities = loaded.predict(await pixelsFromImage(await readFile(blob), loaded));
      return loaded.labels?.[probabilities.indexOf(Math.max(...probabilities))];
    });
    expect(await Promise.all(guesses)).toEqual(['left', 'right']);
  });

  it('sees a new image as it has seen the same image in training', async () => {
    const { splits } = loadDataset('shapes@1', { published });
    const rows = (await drawnRows(dir, 51)).filter(({ split }) => split === 'test').toSorted((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
    const trained = new Float32Array(64);
    splits.test.copyPixels(trained, () => 0);
    const spec = resolveSpec('mlp-small', {}, datasetInfo('shapes@1', published)).model;
    expect(await pixelsFromImage(await readFile(rows[0]?.blob ?? ''), { spec, datasetId: 'shapes@1' })).toEqual(trained);
  });

  it('gives a model that is the same bytes again, and a model of digits no names', () => {
    const models = [1, 2].map(() => {
      const dataset = loadDataset('shapes@1', { published });
      const trainer = createTrainer({ spec: resolveSpec('mlp-small', { epochs: 1 }, dataset.info), dataset, seed: 3 });
      while (!trainer.done) trainer.trainBatch();
      return trainer.model();
    });
    expect(models[0]).toEqual(models[1]);
    const dataset = loadDataset('digits', { limit: { train: 10 } });
    const digits = createTrainer({ spec: resolveSpec('mlp-small', { epochs: 1 }, dataset.info), dataset, seed: 3 });
    expect(loadModel(digits.model()).labels).toBeNull();
  });
});

describe('what comes with Cerebros', () => {
  it('is in the catalogue as it is in the registry', () => {
    expect(BUILT_IN_DATASETS.map(({ id }) => id)).toEqual([...DATASET_NAMES]);
    for (const { id, title, images, classes } of BUILT_IN_DATASETS) {
      const info = datasetInfo(id);
      expect({ title, images, classes }).toEqual({
        title: info.title,
        images: info.sizes.train + info.sizes.validation + info.sizes.test,
        classes: info.classes,
      });
    }
  });
});
