import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { BlobFolder } from '../../../src/datasets/build-folder/blob-folder.ts';

let folder: string;
let blobs: BlobFolder;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cerebros-blobs-'));
  blobs = new BlobFolder(folder);
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

const content = Buffer.from('an image');
const sha256 = createHash('sha256').update(content).digest('hex');
const filesIn = async (): Promise<readonly string[]> =>
  (await readdir(join(folder, 'blobs'), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);

it.each([
  ['bytes', () => blobs.put(content)],
  ['a stream', () => blobs.putStream(Readable.from([content.subarray(0, 3), content.subarray(3)]), 8)],
  [
    'a file',
    async () => {
      await writeFile(join(folder, 'file'), content);
      return blobs.putFile(join(folder, 'file'), 8);
    },
  ],
])('%s are found under their hash, once however often they are put', async (_, put) => {
  expect(await blobs.has(sha256)).toBe(false);
  expect(await put()).toEqual({ sha256, bytes: 8 });
  expect(await put()).toEqual({ sha256, bytes: 8 });
  expect(await blobs.has(sha256)).toBe(true);
  expect(await readFile(join(folder, 'blobs', sha256.slice(0, 2), sha256.slice(2)))).toEqual(content);
  expect(await filesIn()).toEqual([sha256.slice(2)]);
});

it('the same content put many times at once is there once', async () => {
  await Promise.all(Array.from({ length: 20 }, () => new BlobFolder(folder).put(content)));
  expect(await filesIn()).toEqual([sha256.slice(2)]);
});

it('a stream that is longer than allowed is refused, and leaves nothing', async () => {
  await expect(blobs.putStream(Readable.from([content, content]), 8)).rejects.toMatchObject({ code: 'TOO_LARGE' });
  expect(await filesIn()).toEqual([]);
});

it('a stream that breaks off leaves nothing', async () => {
  await expect(blobs.putStream(brokenStream(), 100)).rejects.toThrow('connection lost');
  expect(await filesIn()).toEqual([]);
});

it('a blob that lost its end, as after a power cut, is written anew', async () => {
  await blobs.put(content);
  await truncate(blobs.path(sha256), 0);
  await blobs.put(content);
  expect(await readFile(blobs.path(sha256))).toEqual(content);
});

async function* brokenStream(): AsyncGenerator<Buffer> {
  yield content;
  throw new Error('connection lost');
}
