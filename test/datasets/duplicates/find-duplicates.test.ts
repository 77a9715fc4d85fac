import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findDuplicates, type ComparedImage } from '../../../src/datasets/duplicates/find-duplicates.ts';
import { perceptualHash } from '../../../src/datasets/images/phash.ts';
import { thumbnailOf } from '../../../src/datasets/images/thumbnail.ts';
import { mnistImages, readMnistFile } from '../../../src/training/datasets/mnist.ts';

const RULES = { near_threshold: 16 };
const ONE = sha('one') + sha('two');
const OTHER = sha('three') + sha('four');

function sha(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** A hash of 64 hex digits with some bits of another changed. */
function withFlipped(hash: string, bits: readonly number[]): string {
  const bytes = Buffer.from(hash, 'hex');
  for (const bit of bits) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
  return bytes.toString('hex');
}

type Part = Partial<Omit<ComparedImage, 'facts'>> & {
  readonly phash?: string;
  readonly width?: number;
  readonly height?: number;
  readonly thumbnail?: string;
};

function image(n: number, { phash = sha(`look ${n}`), width = 100, height = 100, thumbnail = ONE, ...part }: Part = {}): ComparedImage {
  const facts = { width, height, phash, thumbnail };
  return { n, sha256: sha(`file ${n}`), split: null, label: null, uri: `folder/${n}.png`, facts, ...part };
}

const bitsFrom = (first: number, count: number): number[] => Array.from({ length: count }, (_, at) => first + at);

describe('findDuplicates', () => {
  it('drops the second mention of a file, and says of which it is a duplicate', async () => {
    const images = [image(0, { sha256: sha('a'), uri: 'b.png' }), image(1, { sha256: sha('a'), uri: 'a.png' }), image(2)];
    const findings = await findDuplicates(images, { near_threshold: null });
    expect(findings).toEqual({
      drops: [{ n: 0, code: 'DUPLICATE', of: 1, message: 'The same file as a.png.' }],
      label_conflicts: [],
      comparisons_left_out: 0,
    });
  });

  it.each([
    [15, 1],
    [16, 1],
    [17, 0],
  ])('looks at a distance of %i bits with a threshold of 16: %i dropped', async (distance, dropped) => {
    const look = sha('look');
    const images = [image(0, { phash: look, width: 200 }), image(1, { phash: withFlipped(look, bitsFrom(100, distance)) }), image(2)];
    const { drops } = await findDuplicates(images, RULES);
    const message = `Looks like folder/0.png: ${distance} of 256 bits differ.`;
    expect(drops).toEqual([{ n: 1, code: 'NEAR_DUPLICATE', of: 0, message }].slice(0, dropped));
  });

  it('leaves images that only look the same when the threshold is null', async () => {
    const look = sha('look');
    expect((await findDuplicates([image(0, { phash: look }), image(1, { phash: look })], { near_threshold: null })).drops).toEqual([]);
    expect((await findDuplicates([image(0, { phash: look }), image(1, { phash: look })], { near_threshold: 0 })).drops).toHaveLength(1);
  });

  it('finds every pair within any threshold, wherever the bits differ', async () => {
    const places = fc.uniqueArray(fc.nat(255), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 32 }), places, async (near_threshold, bits) => {
        const others = Array.from({ length: 20 }, (_, at) => image(at + 2));
        const pair = [image(0, { phash: sha('look') }), image(1, { phash: withFlipped(sha('look'), bits) })];
        const { drops } = await findDuplicates([...pair, ...others], { near_threshold });
        expect(drops.length).toBe(bits.length <= near_threshold ? 1 : 0);
      }),
      { numRuns: 50 },
    );
  });

  const slightly = withFlipped(ONE, [504]);
  const asked: readonly [what: string, bits: number, side: number, thumbnail: string, dropped: number][] = [
    ['agree', 16, 640, ONE, 1],
    ['differ a little', 16, 640, slightly, 1],
    ['are others', 1, 640, OTHER, 0],
    ['agree, of small images', 16, 28, ONE, 1],
    ['differ a little, of small images, within 8 bits', 8, 28, slightly, 1],
    ['differ a little, of small images, beyond 8 bits', 9, 28, slightly, 0],
    ['are others, of small images', 1, 28, OTHER, 0],
  ];
  it.each(asked)('asks the thumbnails of images with like hashes: they %s', async (_what, bits, side, thumbnail, dropped) => {
    const look = sha('look');
    const size = { width: side, height: side };
    const images = [image(0, { phash: look, ...size }), image(1, { phash: withFlipped(look, bitsFrom(3, bits)), thumbnail, ...size })];
    expect((await findDuplicates(images, RULES)).drops).toHaveLength(dropped);
  });

  it('takes what is connected through others as one', async () => {
    const look = sha('look');
    const steps = [0, 12, 24, 36].map((count, n) => image(n, { phash: withFlipped(look, bitsFrom(0, count)), width: 400 - n }));
    const { drops } = await findDuplicates(steps, RULES);
    expect(drops.map(({ n, of }) => [n, of])).toEqual([
      [1, 0],
      [2, 0],
      [3, 0],
    ]);
  });
});

describe('who stays', () => {
  const look = sha('look');
  const cases: readonly [rule: string, winner: Part, loser: Part][] = [
    ['a label before none', { label: 'cat' }, { split: 'test', width: 900 }],
    ['test before validation', { split: 'test' }, { split: 'validation', width: 900 }],
    ['validation before train', { split: 'validation' }, { split: 'train', width: 900 }],
    ['train before none', { split: 'train' }, { split: null, width: 900 }],
    ['more pixels', { width: 101, sha256: sha('2') }, { width: 100, sha256: '00' }],
    ['the smaller sha256', { sha256: '01', uri: 'z' }, { sha256: '02', uri: 'a' }],
    ['the smaller uri', { sha256: '01', uri: 'a' }, { sha256: '01', uri: 'b' }],
  ];
  it.each(cases)('is decided by %s', async (_rule, winner, loser) => {
    const found = async (images: ComparedImage[]) => (await findDuplicates(images, RULES)).drops.map(({ n, of }) => [n, of]);
    const [one, other] = [image(8, { phash: look, ...winner }), image(3, { phash: look, ...loser })];
    expect(await found([one, other])).toEqual([[3, 8]]);
    expect(await found([other, one])).toEqual([[3, 8]]);
  });

  const few = fc.array(
    fc.record({
      file: fc.nat(12),
      look: fc.nat(4),
      bits: fc.nat(20),
      split: fc.constantFrom(null, 'train' as const, 'validation' as const, 'test' as const),
      width: fc.integer({ min: 1, max: 3 }),
      label: fc.constantFrom(null, 'cat', 'dog'),
    }),
    { minLength: 1, maxLength: 40 },
  );
  const shuffled = few.chain((rows) => {
    const images = rows.map(({ file, look: at, bits, ...part }, n) =>
      image(n, { ...part, sha256: sha(`${file}`), phash: withFlipped(sha(`look ${at}`), bitsFrom(at, bits)) }),
    );
    return fc.tuple(fc.constant(images), fc.shuffledSubarray(images, { minLength: images.length, maxLength: images.length }));
  });

  it('does not depend on the order in which images come, is never dropped itself, and is the one with a label, or of the best split', async () => {
    await fc.assert(
      fc.asyncProperty(shuffled, async ([images, others]) => {
        const findings = await findDuplicates(images, RULES);
        expect(await findDuplicates(others, RULES)).toEqual(findings);
        const dropped = new Set(findings.drops.map(({ n }) => n));
        const order = ['test', 'validation', 'train', null];
        for (const { n, of } of findings.drops) {
          expect(dropped.has(of)).toBe(false);
          const worth = (at: number): number => (images[at]?.label === null ? 4 : 0) + order.indexOf(images[at]?.split ?? null);
          expect(worth(of)).toBeLessThanOrEqual(worth(n));
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('label_conflicts', () => {
  it('names the files that are under labels that contradict each other', async () => {
    const [a, b, c] = [sha('a'), sha('b'), sha('c')];
    const labels: readonly [string, string | null][] = [
      [a, 'cat'],
      [a, 'dog'],
      [a, 'cow'],
      [b, 'cat'],
      [b, 'cat'],
      [b, null],
      [c, 'cat'],
    ];
    const images = labels.map(([sha256, label], n) => image(n, { sha256, label, phash: sha256 }));
    expect((await findDuplicates(images, RULES)).label_conflicts).toEqual([{ sha256: a, labels: ['cat', 'cow', 'dog'] }]);
  });
});

describe('many images', () => {
  it('drops none of 10,000 handwritten digits, and each copy of them', async () => {
    const names = ['t10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte'];
    const { pixels, size } = mnistImages(new Map(names.map((name) => [name, readMnistFile(name)]))).test;
    const digit = (n: number, change: (value: number) => number) => {
      const grey = { pixels: pixels.subarray(n * size, (n + 1) * size).map(change), width: 28, height: 28 };
      return { phash: perceptualHash(grey), width: 28, height: 28, thumbnail: thumbnailOf(grey) };
    };
    const digits = Array.from({ length: 10_000 }, (_, n) => image(n, { split: 'test', ...digit(n, (value) => value) }));
    expect((await findDuplicates(digits, RULES)).drops).toEqual([]);
    const copies = Array.from({ length: 500 }, (_, n) =>
      image(
        10_000 + n,
        digit(n, (value) => value * 0.7 + 20),
      ),
    );
    const { drops } = await findDuplicates([...copies, ...digits], RULES);
    expect(drops.map(({ n, of }) => [n, of])).toEqual(copies.map(({ n }) => [n, n - 10_000]));
  });

  it('are compared within seconds when they are 100,000', async () => {
    const images = Array.from({ length: 90_000 }, (_, n) => image(n));
    const copies = Array.from({ length: 10_000 }, (_, n) =>
      image(90_000 + n, { width: 50, phash: withFlipped(sha(`look ${n}`), bitsFrom((n * 7) % 240, 1 + (n % 16))) }),
    );
    const start = performance.now();
    const { drops, comparisons_left_out } = await findDuplicates([...copies, ...images], RULES);
    console.log(`100,000 images compared in ${Math.round(performance.now() - start)} ms`);
    expect(drops.map(({ of }) => of)).toEqual(copies.map((_, n) => n));
    expect(comparisons_left_out).toBe(0);
  }, 60_000);

  it('are each compared with 2,000 at most when all have one hash, and the rest is counted', async () => {
    const images = Array.from({ length: 2500 }, (_, n) => image(n, { phash: sha('one'), thumbnail: sha(`${n}`) + sha(`-${n}`) }));
    const { drops, comparisons_left_out } = await findDuplicates(images, { near_threshold: 1 });
    expect(drops).toEqual([]);
    // The first 499 of them leave out 499, 498, … of those that follow, in each of two chunks.
    expect(comparisons_left_out).toBe(499 * 500);
  });

  it('let other work go on, and stop when they are told to', async () => {
    const images = Array.from({ length: 20_000 }, (_, n) => image(n));
    const controller = new AbortController();
    setImmediate(() => controller.abort());
    await expect(findDuplicates(images, RULES, controller.signal)).rejects.toMatchObject({ name: 'AbortError' });
  });
});
