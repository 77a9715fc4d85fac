import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { hammingDistance, lookOf, looksOf } from '../../../src/datasets/duplicates/looks.ts';
import { nearPairs } from '../../../src/datasets/duplicates/near-pairs.ts';
import { inspectImage } from '../../../src/datasets/images/inspect.ts';
import { perceptualHash } from '../../../src/datasets/images/phash.ts';
import { mnistImages, readMnistFile } from '../../../src/training/datasets/mnist.ts';
import { defaultRules, picture } from './crafted-images.ts';

const THRESHOLD = 16;

async function hashOf(file: Sharp): Promise<string> {
  const inspection = await inspectImage(await file.toBuffer(), defaultRules);
  if ('drop' in inspection) throw new Error(inspection.drop.message);
  return inspection.image.phash;
}

function digits(count: number): Buffer[] {
  const names = ['t10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte'];
  const { pixels, size } = mnistImages(new Map(names.map((name) => [name, readMnistFile(name)]))).test;
  return Array.from({ length: count }, (_, at) => Buffer.from(pixels.subarray(at * size, (at + 1) * size)));
}

describe('perceptualHash', () => {
  it('differs in more bits than the default threshold between any two of 5,000 handwritten digits', async () => {
    const hashes = digits(5000).map((pixels) => perceptualHash({ pixels, width: 28, height: 28 }));
    const pairs: number[][] = [];
    // With one thumbnail for all, and as if they were large, the hashes alone decide.
    const look = (phash: string) => lookOf({ phash, thumbnail: '00'.repeat(64), width: 640, height: 480 });
    const onPair = (...pair: number[]) => void pairs.push(pair);
    expect(await nearPairs(looksOf(hashes.map(look)), { threshold: THRESHOLD, onPair })).toBe(0);
    expect(pairs).toEqual([]);
    await nearPairs(looksOf([...hashes, hashes[77] ?? ''].map(look)), { threshold: THRESHOLD, onPair });
    expect(pairs).toContainEqual([77, 5000]);
  });

  const copies: readonly [name: string, copy: (image: Sharp) => Sharp][] = [
    ['packed more', (image) => image.png({ compressionLevel: 9, palette: false })],
    ['darker', (image) => image.linear(0.7, 0).png()],
    ['lighter', (image) => image.linear(1, 20).png()],
    ['a JPEG of quality 80', (image) => image.jpeg({ quality: 80 })],
    ['a WebP of quality 80', (image) => image.webp({ quality: 80 })],
    ['twice the size', (image) => image.resize({ width: 56, height: 56, kernel: 'nearest' }).png()],
    ['in colour', (image) => image.toColourspace('srgb').png()],
  ];
  it.each(copies)('stays within the default threshold for a digit that is %s', async (_name, copy) => {
    for (const pixels of digits(60)) {
      const image = sharp(pixels, { raw: { width: 28, height: 28, channels: 1 } });
      expect(hammingDistance(await hashOf(image.clone().png()), await hashOf(copy(image.clone())))).toBeLessThanOrEqual(THRESHOLD);
    }
  });

  it('stays within the default threshold for a digit with one pixel changed', async () => {
    for (const [at, pixels] of digits(60).entries()) {
      const changed = Buffer.from(pixels);
      changed[at * 13] = (changed[at * 13] ?? 0) > 127 ? 200 : 32;
      const [before, after] = [pixels, changed].map((image) => perceptualHash({ pixels: image, width: 28, height: 28 }));
      expect(hammingDistance(before ?? '', after ?? '')).toBeLessThanOrEqual(THRESHOLD);
    }
  });

  const sizes = [
    [100, 75],
    [320, 240],
    [1280, 960],
    [300, 300],
  ] as const;
  it.each(sizes)('stays within the default threshold for a photo that is scaled to %i×%i', async (width, height) => {
    const original = await hashOf(picture(640, 480, 0.2).png());
    expect(
      hammingDistance(original, await hashOf(picture(640, 480, 0.2).resize(width, height, { fit: 'fill' }).jpeg())),
    ).toBeLessThanOrEqual(THRESHOLD);
  });

  it('has 64 hex digits also for the smallest image', () => {
    expect(perceptualHash({ pixels: Uint8Array.of(7), width: 1, height: 1 })).toMatch(/^[0-9a-f]{64}$/);
  });
});
