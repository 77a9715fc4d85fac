import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareDataset, writeVersion } from '../../../src/datasets/publish/prepare.ts';
import { drawn, drawnRows, prepared, spec, stages } from './drawn-rows.ts';

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'cerebros-prepare-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

async function fileOf(name: string): Promise<Buffer> {
  return readFile(join(folder, 'prepared', name));
}

async function linesOf(name: string): Promise<unknown[]> {
  const text = (await fileOf(name)).toString();
  return text
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
}

async function idxOf(name: string): Promise<{ dimensions: number[]; values: number[] }> {
  const bytes = await fileOf(name);
  expect([...bytes.subarray(0, 3)]).toEqual([0, 0, 8]);
  const dimensions = Array.from({ length: bytes[3] ?? 0 }, (_, at) => bytes.readUInt32BE(4 + 4 * at));
  return { dimensions, values: [...bytes.subarray(4 + 4 * dimensions.length)] };
}

describe('a prepared dataset', () => {
  it('has a manifest by hash, in canonical form, and its sources apart', async () => {
    const rows = await drawnRows(folder, 6);
    const { published } = await prepared(folder, rows);
    const text = (await fileOf('manifest.jsonl')).toString();
    const [first] = rows.toSorted((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
    expect(text.split('\n')[0]).toBe(
      `{"bytes":${first?.bytes},"file":"sha256/${first?.sha256.slice(0, 2)}/${first?.sha256.slice(2)}","format":"png","height":8,` +
        `"label":"${first?.label}","sha256":"${first?.sha256}","split":"${first?.split}","width":8}`,
    );
    expect(await linesOf('manifest.jsonl')).toHaveLength(6);
    expect((await linesOf('sources.jsonl'))[0]).toEqual({ sha256: first?.sha256, uri: first?.uris[0] });
    expect(published.manifest_sha256).toBe(createHash('sha256').update(text).digest('hex'));
    const content = {
      classes: ['left', 'right'],
      manifest_sha256: published.manifest_sha256,
      pixels: { channels: 1, height: 8, width: 8 },
    };
    expect(published.sha256).toBe(createHash('sha256').update(JSON.stringify(content)).digest('hex'));
  });

  it('is refused when its labels are too many for the result of a build', async () => {
    const [row] = await drawnRows(folder, 1);
    const hashes = Array.from({ length: 20_000 }, (_, n) => String(n).padStart(64, '0'));
    const rows = hashes.flatMap((sha256) => (row ? [{ ...row, sha256, label: `label ${sha256.slice(-6)}` }] : []));
    await expect(prepared(folder, rows)).rejects.toMatchObject({ code: 'TOO_MANY_CLASSES' });
  });

  it('is the same whatever the order of its rows and wherever they were found', async () => {
    const rows = await drawnRows(folder, 20);
    const one = await prepared(folder, rows, { pixels: { width: 5, height: 3 } });
    const files = await readdir(join(folder, 'prepared'), { recursive: true });
    const moved = rows.toReversed().map((row) => ({ ...row, uris: ['https://example.org/other.png'] }));
    const two = await prepared(folder, moved, { pixels: { width: 5, height: 3 } });
    expect(two.published.sha256).toBe(one.published.sha256);
    expect(two.published.files).toEqual(one.published.files);
    expect(two.sheet).toEqual(one.sheet);
    expect(await readdir(join(folder, 'prepared'), { recursive: true })).toEqual(files);
  });

  it.each([
    ['a label', (label: string | null) => ({ label: label === 'left' ? 'up' : label })],
    ['a split', () => ({ split: 'train' as const })],
  ])('has another hash when %s is another', async (_, change) => {
    const rows = await drawnRows(folder, 5);
    const one = await prepared(folder, rows);
    const two = await prepared(
      folder,
      rows.map((row) => ({ ...row, ...change(row.label) })),
    );
    expect(two.published.sha256).not.toBe(one.published.sha256);
  });

  it('sorts classes that are numbers by number, and counts each in each split', async () => {
    const labels = ['10', '9', '-1', '9'];
    const rows = await Promise.all(labels.map((label, n) => drawn(folder, { n, label, split: n === 3 ? 'test' : 'train' })));
    const { published } = await prepared(folder, rows);
    expect(published.classes).toEqual(['-1', '9', '10']);
    expect(published.counts).toEqual({
      train: { images: 3, classes: { '-1': 1, '9': 1, '10': 1 } },
      validation: { images: 0, classes: { '-1': 0, '9': 0, '10': 0 } },
      test: { images: 1, classes: { '-1': 0, '9': 1, '10': 0 } },
    });
  });

  it('sorts other classes by code unit', async () => {
    const rows = await Promise.all(['b', 'B', '10', 'ä'].map((label, n) => drawn(folder, { n, label })));
    expect((await prepared(folder, rows)).published.classes).toEqual(['10', 'B', 'b', 'ä']);
  });
});

describe('pixels', () => {
  it('are those of the images when all have one shape, in the order of the manifest', async () => {
    const rows = await drawnRows(folder, 20);
    const { published } = await prepared(folder, rows);
    expect(published.pixels).toEqual({ width: 8, height: 8, channels: 1 });
    const train = rows.filter(({ split }) => split === 'train').toSorted((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
    const images = await idxOf('pixels/train-images.idx');
    expect(images.dimensions).toEqual([12, 8, 8]);
    const raw = await Promise.all(train.map(({ blob }) => sharp(blob).toColourspace('b-w').raw().toBuffer()));
    expect(images.values).toEqual(Array.from(Buffer.concat(raw)));
    expect(await idxOf('pixels/train-labels.idx')).toEqual({
      dimensions: [12],
      values: train.map(({ label }) => (label === 'left' ? 0 : 1)),
    });
    const hash = createHash('sha256')
      .update(await fileOf('pixels/train-images.idx'))
      .digest('hex');
    expect(published.files['pixels/train-images.idx']).toBe(hash);
  });

  it.each([
    [{ width: 4, height: 6, channels: 1 }, [12, 6, 4]],
    [{ width: 4, height: 6, channels: 3 }, [12, 6, 4, 3]],
  ])('have the shape asked for: %j', async (pixels, dimensions) => {
    const rows = await drawnRows(folder, 20, { width: 30, height: 20, channels: 3 });
    await prepared(folder, rows, { pixels });
    const images = await idxOf('pixels/train-images.idx');
    expect(images.dimensions).toEqual(dimensions);
    expect(images.values).toHaveLength(dimensions.reduce((product, length) => product * length, 1));
  });

  it('are in colour when the images of one shape are', async () => {
    const { published } = await prepared(folder, await drawnRows(folder, 5, { channels: 3 }));
    expect(published.pixels).toEqual({ width: 8, height: 8, channels: 3 });
  });

  it.each([
    ['have several shapes', [{ n: 0 }, { n: 1, width: 9 }]],
    [
      'are large',
      [
        { n: 0, width: 257 },
        { n: 1, width: 257 },
      ],
    ],
  ])('are left out when nobody asks for them and images %s', async (_, drawings) => {
    const { published } = await prepared(folder, await Promise.all(drawings.map((one) => drawn(folder, one))));
    expect([published.pixels, published.files]).toEqual([null, {}]);
    expect(await readdir(join(folder, 'prepared'))).not.toContain('pixels');
  });

  it('are refused with over 256 classes, and left out when nobody asks for them', async () => {
    const rows = (await drawnRows(folder, 257)).map((row, n) => ({ ...row, label: `class ${n}` }));
    const refused = prepared(folder, rows, { pixels: { width: 4, height: 4 } });
    await expect(refused).rejects.toMatchObject({ code: 'TOO_MANY_CLASSES', retryable: false });
    expect((await prepared(folder, rows)).published.pixels).toBeNull();
  });

  it('of images without labels have no labels', async () => {
    const { published } = await prepared(folder, await drawnRows(folder, 5, { label: null }));
    expect(published.classes).toEqual([]);
    expect(Object.keys(published.files)).toEqual(['train', 'validation', 'test'].map((split) => `pixels/${split}-images.idx`));
  });
});

describe('preparing', () => {
  it('takes images from the store when an earlier attempt has moved them, and removes what that attempt left', async () => {
    const rows = await drawnRows(folder, 3);
    const before = await prepared(folder, rows);
    await writeFile(join(folder, 'prepared', 'left-over'), '');
    await mkdir(join(folder, 'no-store'));
    for (const row of rows) await rename(row.blob, join(folder, 'no-store', row.sha256));
    expect((await prepared(folder, rows)).published).toEqual(before.published);
    expect(await readdir(join(folder, 'prepared'))).not.toContain('left-over');
  });

  it('refuses no images at all, an image that is there twice, and one that is nowhere', async () => {
    const [row] = await drawnRows(folder, 1);
    if (!row) throw new Error('expected a row');
    await expect(prepared(folder, [])).rejects.toMatchObject({ code: 'NO_IMAGES' });
    await expect(prepared(folder, [row, row])).rejects.toMatchObject({ code: 'DUPLICATE_CONTENT' });
    await rm(row.blob);
    await expect(prepared(folder, [row])).rejects.toMatchObject({ code: 'BLOB_MISSING' });
  });

  it('stops at an abort, and says how far it is', async () => {
    const rows = await drawnRows(folder, 64);
    const controller = new AbortController();
    const seen: number[] = [];
    const stopped = prepareDataset({
      folder: join(folder, 'prepared'),
      run_id: 'build-1',
      spec: spec(),
      rows,
      build: { stages: stages(64), label_conflicts: [], comparisons_left_out: 0 },
      store: (sha256) => sha256,
      onProgress: ({ done }) => {
        seen.push(done);
        if (done === 32) controller.abort();
      },
      signal: controller.signal,
    });
    await expect(stopped).rejects.toThrow('aborted');
    expect(seen).toEqual([16, 32]);
  });

  it('says which folder has no room when the disk is full', async () => {
    const dataset = await prepared(folder, await drawnRows(folder, 3));
    await symlink('/dev/full', join(folder, 'prepared', 'README.md'));
    await expect(writeVersion(dataset, 1)).rejects.toMatchObject({
      code: 'DISK_FULL',
      retryable: true,
      message: expect.stringContaining(join(folder, 'prepared')),
    });
  });
});
