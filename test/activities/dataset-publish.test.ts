import { readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { datasetRows } from '../../src/ledger/queries/dataset-rows.ts';
import { artifacts, build, dir, expectWhole, prepare, publish, rowsOf, sql, store, visible } from './publishing.ts';

describe('publishing', () => {
  it('makes version 1 of a name, and version 2 of other content, with their rows, images and files', async () => {
    expect(await build({ run: 'a' })).toEqual({ version: 1, dataset_id: 'shapes@1', created: true });
    const first = await visible();
    expect(await build({ run: 'b', from: 3 })).toEqual({ version: 2, dataset_id: 'shapes@2', created: true });
    expect(await visible()).toMatchObject(first);
    for (const version of [1, 2]) await expectWhole('shapes', version);
    expect((await readdir(join(dir, 'datasets', 'shapes', '1'))).toSorted()).toEqual([
      'README.md',
      'contact-sheet.png',
      'dataset.json',
      'manifest.jsonl',
      'owned-blobs.jsonl',
      'pixels',
      'report.html',
      'report.json',
      'sources.jsonl',
    ]);
    const [row] = await datasetRows(sql, { id: 'shapes', version: 1 });
    expect(row).toMatchObject({
      run_id: 'a',
      uri: 'dataset:shapes@1',
      stats: { images: 6, classes: ['left', 'right'] },
      spec: { dataset: 'shapes' },
    });
    expect(await readdir(artifacts.runFolder('a'))).not.toContain('prepared');
  });

  it('of the same content again answers the version there is, and stores nothing twice', async () => {
    await build({ run: 'a' });
    const before = await visible();
    expect(await build({ run: 'b' })).toEqual({ version: 1, dataset_id: 'shapes@1', created: false });
    expect(await visible()).toEqual(before);
    expect(await build({ run: 'c', name: 'others' })).toEqual({ version: 1, dataset_id: 'others@1', created: true });
    expect(Object.keys(await visible()).filter((path) => path.startsWith('sha256/'))).toHaveLength(6);
  });

  it('by eight builds at once gives each content one version', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, (_, at) => build({ run: `run-${at}`, from: at % 3 })));
    expect(
      answers
        .filter(({ created }) => created)
        .map(({ version }) => version)
        .toSorted((a, b) => a - b),
    ).toEqual([1, 2, 3]);
    for (const version of [1, 2, 3]) await expectWhole('shapes', version);
  });

  it('heals a store that has lost an image', async () => {
    const rows = await rowsOf({ run: 'a' });
    await store({ run: 'a' }, rows);
    const before = await visible();
    await rm(artifacts.pathOf(rows[0]?.sha256 ?? ''));
    await writeFile(artifacts.pathOf(rows[1]?.sha256 ?? ''), 'cut');
    await build({ run: 'b' });
    expect(await visible()).toEqual(before);
  });

  it('does not take the number of a folder that the ledger does not know', async () => {
    await build({ run: 'a' });
    await sql`truncate datasets cascade`;
    expect(await build({ run: 'b', from: 5 })).toMatchObject({ version: 2 });
    await expectWhole('shapes', 1);
  });
});

describe('publishing that fails', () => {
  it('shows nothing when an image is missing', async () => {
    const rows = await rowsOf({ run: 'a' });
    const prepared = await prepare({ run: 'a' }, rows);
    await rm(rows[3]?.blob ?? '');
    await expect(publish({ run: 'a' }, prepared)).rejects.toMatchObject({ code: 'BLOB_MISSING' });
    expect(Object.keys(await visible()).filter((path) => !path.startsWith('sha256/'))).toEqual([]);
  });

  it.each(['store-new.jsonl', 'prepared/dataset.json'])(
    'on a full disk at %s shows nothing, and goes on when there is room',
    async (file) => {
      const folder = artifacts.runFolder('a');
      const rows = await rowsOf({ run: 'a' });
      const prepared = await prepare({ run: 'a' }, rows);
      await symlink('/dev/full', join(folder, file));
      const full = { code: 'DISK_FULL', retryable: true, message: expect.stringContaining(folder) as string };
      await expect(publish({ run: 'a' }, prepared)).rejects.toMatchObject(full);
      expect(Object.keys(await visible()).filter((path) => !path.startsWith('sha256/'))).toEqual([]);
      await rm(join(folder, file));
      expect(await store({ run: 'a' }, rows)).toMatchObject({ version: 1, created: true });
      await expectWhole('shapes', 1);
    },
  );
});
