import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetDetails, DatasetListing } from '../../src/client/datasets.ts';
import type { SagaRun } from '../../src/contracts/ledger.ts';
import { zipBytes } from '../datasets/support/zip-bytes.ts';
import { ROOT } from '../support/cli.ts';
import { filesBelow, jsonLines, published, resultOf, startDatasetWorld, type DatasetWorld } from '../support/dataset-world.ts';
import { drawnIdx, drawnPng } from '../support/drawn-images.ts';
import { findPython } from '../support/python.ts';

// Images of all sorts of sources, and what is wrong with some of them, become a dataset. An image is named by its seed.

const seeds = (from: number, count: number): number[] => Array.from({ length: count }, (_, idx) => from + idx);
const labelOf = (seed: number): string => (seed % 2 === 1 ? 'cats' : 'dogs');

const FOLDER = seeds(1, 40);
const SHOP = seeds(101, 60);
const BLURRY = seeds(191, 5);
const GONE = seeds(196, 2);
const AGAIN = seeds(1, 3);
const ZIP = seeds(201, 30);
const IDX = seeds(301, 30);
const TRUNCATED = 399;
const GOOD = [...FOLDER, ...SHOP, ...ZIP, ...IDX];

const INPUT = {
  dataset: 'pets',
  sources: [
    { type: 'folder', path: 'pets' },
    { type: 'manifest', path: '' },
    { type: 'archive', path: 'pets.zip' },
    { type: 'idx', images: 'pets-images.idx', labels: 'pets-labels.idx' },
  ],
  download: { max_retries: 0 },
  label: { map: { cats: 'cat', dogs: 'dog', 0: 'dog', 1: 'cat', blurry: null } },
};

interface ManifestRow {
  readonly sha256: string;
  readonly file: string;
  readonly label: string;
  readonly split: string;
}

let world: DatasetWorld;
let run: SagaRun;
beforeAll(async () => {
  world = await startDatasetWorld();
  plant();
  run = await world.ask<SagaRun>(['start', 'dataset-build', '--input', '-', '--id', 'pets', '--wait'], { input: JSON.stringify(input()) });
});
afterAll(() => world.stop());

const input = (): object => {
  const [folder, manifest, ...others] = INPUT.sources;
  return { ...INPUT, sources: [folder, { ...manifest, path: world.source.url('/shop/all.jsonl') }, ...others] };
};

function plant(): void {
  const { root, source } = world;
  for (const seed of FOLDER) put(`pets/${labelOf(seed)}/${seed}.png`, drawnPng(seed));
  put('pets/cats/notes.txt', 'Cats of the first shelter.');
  put('pets/cats/.hidden.png', drawnPng(400));
  const rows = [...SHOP, ...GONE, ...AGAIN, TRUNCATED].map((seed) => ({ path: `images/${seed}.png`, label: labelOf(seed) }));
  const blurry = BLURRY.map((seed) => ({ path: `images/${seed}.png`, label: 'blurry' }));
  for (const seed of [...SHOP, ...AGAIN, ...BLURRY]) source.serve(`/shop/images/${seed}.png`, drawnPng(seed));
  source.serve(`/shop/images/${TRUNCATED}.png`, drawnPng(TRUNCATED).subarray(0, 200));
  source.serve('/shop/all.jsonl', [...rows, ...blurry].map((row) => `${JSON.stringify(row)}\n`).join(''));
  const entries = ZIP.map((seed) => ({ name: `${labelOf(seed)}/${seed}.png`, content: drawnPng(seed) }));
  put('pets.zip', zipBytes([...entries, { name: '../up.png', content: drawnPng(401) }]));
  const idx = drawnIdx(IDX, (seed) => seed % 2);
  put('pets-images.idx', idx.images);
  put('pets-labels.idx', idx.labels);
  function put(path: string, content: Buffer | string): void {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

const sha256Of = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const versionDir = (): string => join(world.artifactsDir, 'datasets', 'pets', '1');

describe('a build of a folder, a manifest, an archive and IDX files', () => {
  it('completes, and says of each stage what went in, what came out and why the rest did not', () => {
    const { stages, images, ...result } = resultOf(run);
    expect(result).toMatchObject({ dataset_id: 'pets@1', version: 1, created: true, classes: ['cat', 'dog'] });
    expect(stages).toMatchObject({
      download: { in: 173, out: 170, dropped: 3, reasons: { HTTP_404: GONE.length, FORBIDDEN_PATH: 1 } },
      validate: { in: 170, out: 168, dropped: 2, reasons: { NOT_AN_IMAGE: 1, TRUNCATED: 1 } },
      deduplicate: { in: 168, out: 165, dropped: 3, reasons: { DUPLICATE: AGAIN.length } },
      label: { in: 165, out: 160, dropped: 5, reasons: { LABEL_DROPPED: BLURRY.length } },
    });
    expect(images).toBe(GOOD.length);
    expect(result.splits.train + result.splits.validation + result.splits.test).toBe(GOOD.length);
    expect(run.steps.map(({ step_name, attempts }) => [step_name, attempts])).toEqual(
      ['download', 'validate', 'deduplicate', 'label', 'store'].map((name) => [name, 1]),
    );
  });

  it('publishes its manifest, the files under their hashes, where each was found, the pixels and the report', () => {
    const dataset = published(world, 'pets', 1);
    expect(filesBelow(versionDir())).toEqual(
      expect.arrayContaining(
        ['README.md', 'contact-sheet.png', 'dataset.json', 'manifest.jsonl', 'report.html', 'report.json', 'sources.jsonl'].concat(
          ['train', 'validation', 'test'].flatMap((split) => [`pixels/${split}-images.idx`, `pixels/${split}-labels.idx`]),
        ),
      ),
    );
    expect(sha256Of(readFileSync(join(versionDir(), 'manifest.jsonl')))).toBe(dataset.manifest_sha256);
    const rows = jsonLines<ManifestRow>(join(versionDir(), 'manifest.jsonl'));
    expect(rows.map(({ file }) => sha256Of(readFileSync(join(world.artifactsDir, file))))).toEqual(rows.map(({ sha256 }) => sha256));
    const labels = new Map(rows.map(({ sha256, label }) => [sha256, label]));
    for (const seed of [...FOLDER, ...SHOP, ...ZIP])
      expect([seed, labels.get(sha256Of(drawnPng(seed)))]).toEqual([seed, labelOf(seed) === 'cats' ? 'cat' : 'dog']);
    const counts = Object.values(dataset.counts).map(({ classes }) => classes['cat'] ?? 0);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(GOOD.length / 2);
    const found = jsonLines<{ readonly sha256: string; readonly uri: string }>(join(versionDir(), 'sources.jsonl'));
    const [first = 0] = AGAIN;
    expect(found.filter(({ sha256 }) => sha256 === sha256Of(drawnPng(first))).map(({ uri }) => uri)).toEqual(
      [world.source.url(`/shop/images/${first}.png`), `pets/${labelOf(first)}/${first}.png`].toSorted(),
    );
    expect(found).toHaveLength(GOOD.length + AGAIN.length);
  });

  it('is told by datasets list and show, and the ledger agrees with Temporal', async () => {
    const { sha256 } = resultOf(run);
    expect(await world.ask<DatasetListing[]>(['datasets', 'list'])).toContainEqual(
      expect.objectContaining({ dataset_id: 'pets@1', images: GOOD.length, classes: 2, sha256, run_id: 'pets' }),
    );
    expect(await world.ask<DatasetDetails>(['datasets', 'show', 'pets'])).toMatchObject({
      dataset_id: 'pets@1',
      versions: ['pets@1'],
      builds: [{ run_id: 'pets' }],
      published: { sha256, spec: { sources: [{ path: 'pets' }, {}, {}, {}] } },
    });
    expect(await world.ask(['ledger', 'verify', 'pets'])).toMatchObject({ agrees: true });
  });

  it('is read by the lines of Python that the documentation has', async () => {
    const python = await findPython('the lines of Python that read a dataset');
    if (python === undefined) return;
    const lines = /```python\n([^`]+)```/.exec(readFileSync(join(ROOT, 'docs', 'datasets.md'), 'utf8'))?.[1] ?? '';
    expect(lines.trim().split('\n')).toHaveLength(5);
    const program = lines.replace(/datasets\/[^/"]+\/1/, 'datasets/pets/1');
    const { stdout } = await promisify(execFile)(python, ['-c', program], { cwd: world.artifactsDir });
    expect(stdout).toMatch(
      new RegExp(`^${resultOf(run).splits.train} \\(<PIL\\.PngImagePlugin\\.PngImageFile .*size=16x16.*>, '(cat|dog)'\\)\n$`),
    );
  });
});

describe('the same build again', () => {
  it('comes to the same version, adds no file to it and keeps no second copy of an image', async () => {
    const places = ['sha256', 'datasets'].map((place) => join(world.artifactsDir, place));
    const before = places.map(filesBelow);
    const again = resultOf(await world.build('pets-again', input()));
    const { version, sha256 } = resultOf(run);
    expect(again).toMatchObject({ version, sha256, created: false, images: GOOD.length });
    expect(places.map(filesBelow)).toEqual(before);
    expect(filesBelow(join(world.artifactsDir, 'runs')).filter((file) => file.includes('/blobs/'))).toEqual([]);
    const { versions, builds } = await world.ask<DatasetDetails>(['datasets', 'show', 'pets@1']);
    expect(versions).toEqual(['pets@1']);
    expect(builds.map(({ run_id }) => run_id).toSorted()).toEqual(['pets', 'pets-again']);
  });
});
