import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { blobOf, type TestBuild, testBuild } from '../support/build.ts';

let build: TestBuild;
beforeEach(async () => {
  build = await testBuild();
  await mkdir(build.root);
});
afterEach(async () => build[Symbol.asyncDispose]());

function idx(magic: number, dimensions: readonly number[], content: Uint8Array): Buffer {
  const header = Buffer.alloc(4 + 4 * dimensions.length);
  header.writeUInt32BE(magic);
  for (const [index, length] of dimensions.entries()) header.writeUInt32BE(length, 4 + 4 * index);
  return Buffer.concat([header, content]);
}

const PIXELS = Buffer.from(Array.from({ length: 70 * 6 }, (_, i) => (i * 37) % 256));
const IMAGES = idx(0x803, [70, 2, 3], PIXELS);
const LABELS = idx(0x801, [70], Buffer.from(Array.from({ length: 70 }, (_, i) => i % 10)));

const list = async (images: Buffer, labels: Buffer = LABELS) => {
  await writeFile(join(build.root, 'images.idx'), images);
  await writeFile(join(build.root, 'labels.idx'), labels);
  return build.list([{ type: 'idx', images: 'images.idx', labels: 'labels.idx', split: 'train' }]);
};

it('the images of an IDX file become grey PNGs of the same pixels, with their labels', async () => {
  const items = await list(IMAGES);
  expect(items).toHaveLength(70);
  for (const n of [0, 31, 32, 69]) {
    expect(items[n]).toMatchObject({ n, uri: `images.idx#${n}`, label: String(n % 10), split: 'train' });
    const image = sharp(await blobOf(build.folder, items[n]));
    expect(await image.metadata()).toMatchObject({ format: 'png', width: 3, height: 2, channels: 1 });
    expect(await image.toColourspace('b-w').raw().toBuffer()).toEqual(PIXELS.subarray(6 * n, 6 * n + 6));
  }
});

it('images without labels have the label of the source, or none', async () => {
  await writeFile(join(build.root, 'images.idx'), IMAGES);
  const items = await build.list([
    { type: 'idx', images: 'images.idx', label: 'digit' },
    { type: 'idx', images: 'images.idx' },
  ]);
  expect(new Set(items.map(({ source, label }) => `${source} ${label}`))).toEqual(new Set(['0 digit', '1 null']));
});

describe('IDX files are refused', () => {
  it.each([
    [
      'when the images are labels',
      LABELS,
      LABELS,
      'images.idx: expected the magic number 0x00000803 (unsigned bytes in 3 dimensions), got 0x00000801',
    ],
    [
      'when the labels are images',
      IMAGES,
      IMAGES,
      'labels.idx: expected the magic number 0x00000801 (unsigned bytes in 1 dimensions), got 0x00000803',
    ],
    ['when they are in gzip', gzipSync(IMAGES), LABELS, '; it is in gzip, unpack it first'],
    ['when they are of floats', idx(0xd03, [1, 1, 1], Buffer.alloc(4)), LABELS, 'got 0x00000d03'],
    [
      'when the counts differ',
      IMAGES,
      idx(0x801, [69], Buffer.alloc(69)),
      'labels.idx: expected a label for each of the 70 images, got 69',
    ],
    ['when images are missing', IMAGES.subarray(0, -1), LABELS, 'images.idx: expected 436 bytes for 70 of 2 by 3, got 435'],
    ['when something follows', Buffer.concat([IMAGES, Buffer.alloc(1)]), LABELS, 'expected 436 bytes for 70 of 2 by 3, got 437'],
    ['when labels are missing', IMAGES, LABELS.subarray(0, 50), 'labels.idx: expected 78 bytes for 70 of 1 by 1, got 50'],
    ['when the header is cut off', IMAGES.subarray(0, 9), LABELS, 'images.idx: expected 16 bytes from 0 on, got 9'],
    ['when they are empty', Buffer.alloc(0), LABELS, 'images.idx: expected 16 bytes from 0 on, got 0'],
    [
      'when there are no images',
      idx(0x803, [0, 2, 3], Buffer.alloc(0)),
      LABELS,
      'expected at least one image and one pixel, got 0 of 2 by 3',
    ],
    ['when images have no pixels', idx(0x803, [70, 0, 3], Buffer.alloc(0)), LABELS, 'got 70 of 0 by 3'],
  ])('%s', async (_, images, labels, message) => {
    const listing = list(images, labels);
    await expect(listing).rejects.toMatchObject({ name: 'DatasetError', code: 'IDX_FORMAT', retryable: false });
    await expect(listing).rejects.toThrow(message);
  });

  it('when one image is larger than images may be', async () => {
    await writeFile(join(build.root, 'images.idx'), IMAGES);
    const limits = { max_bytes: 5, max_source_bytes: 1000 };
    await expect(build.list([{ type: 'idx', images: 'images.idx' }], { limits })).rejects.toMatchObject({ code: 'IDX_FORMAT' });
  });
});
