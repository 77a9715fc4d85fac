import { mkdtemp, open, readdir, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { batchSize, ItemsWriter, readIndex, readItems } from '../../../src/datasets/build-folder/items.ts';
import { buildPaths } from '../../../src/datasets/build-folder/paths.ts';
import { itemsIn } from '../support/build.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cerebros-items-'));
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

const write = async (count: number): Promise<ItemsWriter> => {
  const writer = await ItemsWriter.open(folder);
  for (let i = 0; i < count; i++)
    await writer.add({
      source: 0,
      uri: `ä/${'x'.repeat(i % 7)}/${i}.png`,
      from: { url: `https://x.org/${i}` },
      label: null,
      split: null,
      sha256: null,
    });
  return writer;
};

it.each([
  [1, 50],
  [50, 50],
  [5000, 50],
  [5001, 51],
  [70_000, 700],
  [100_000, 1000],
  [1_000_000, 1000],
])('of %i items a batch has %i', (items, size) => {
  expect(batchSize(items)).toBe(size);
});

it.each([1, 49, 50, 51, 100, 5120])('the batches of %i items are together all items, in order', async (count) => {
  await (await write(count)).commit();
  const index = await readIndex(folder);
  const batches = await Promise.all(Array.from({ length: index?.batches ?? 0 }, (_, batch) => readItems(folder, batch)));
  expect(batches.flat().map(({ n }) => n)).toEqual(Array.from({ length: count }, (_, n) => n));
  expect(batches.flat()).toEqual(await itemsIn(folder));
  expect(batches.slice(0, -1).every(({ length }) => length === index?.batch_size)).toBe(true);
});

it('a batch is read without the others', async () => {
  await (await write(200)).commit();
  const file = await open(buildPaths(folder).items, 'r+');
  await file.write('no JSON any more', 0);
  await file.close();
  expect((await readItems(folder, 2)).map(({ n }) => n)).toEqual(Array.from({ length: 50 }, (_, i) => 100 + i));
  await expect(readItems(folder, 0)).rejects.toMatchObject({ code: 'BUILD_FILE_DAMAGED' });
});

it.each([3500, 6000])('a batch that lost its end is refused (%i bytes are left)', async (bytes) => {
  await (await write(60)).commit();
  await truncate(buildPaths(folder).items, bytes);
  await expect(readItems(folder, 1)).rejects.toMatchObject({ code: 'BUILD_FILE_DAMAGED' });
});

it('a batch that there is not is refused', async () => {
  await expect(readItems(folder, 0)).rejects.toMatchObject({ code: 'NO_SUCH_BATCH' });
  await (await write(60)).commit();
  await expect(readItems(folder, 2)).rejects.toThrow('Expected a batch from 0 to 1');
});

it('a list that was discarded leaves nothing', async () => {
  const writer = await write(60);
  await writer.discard();
  expect(await readdir(folder)).toEqual([]);
});
