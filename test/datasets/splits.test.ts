import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { SPLIT_NAMES, type SplitShares } from '../../src/contracts/dataset-build.ts';
import { splitOf } from '../../src/datasets/splits.ts';

const hashes = Array.from({ length: 10_000 }, (_, at) => createHash('sha256').update(`image ${at}`).digest('hex'));
const usual: SplitShares = { train: 0.8, validation: 0.1, test: 0.1 };

function counts(shares: SplitShares, seed: number): Record<string, number> {
  const drawn = hashes.map((hash) => splitOf(hash, shares, seed, null));
  return Object.fromEntries(SPLIT_NAMES.map((name) => [name, drawn.filter((split) => split === name).length]));
}

describe('splitOf', () => {
  it.each([usual, { train: 0.5, validation: 0.2, test: 0.3 }, { train: 0.98, validation: 0.01, test: 0.01 }])(
    'draws 10,000 images by the shares %o, within four standard deviations',
    (shares) => {
      const drawn = counts(shares, 7);
      for (const name of SPLIT_NAMES) {
        const expected = shares[name] * hashes.length;
        expect(Math.abs((drawn[name] ?? 0) - expected)).toBeLessThan(4 * Math.sqrt(expected * (1 - shares[name])));
      }
    },
  );

  it('draws none for a share of 0, also when the others are 1 only nearly', () => {
    expect(counts({ train: 1, validation: 0, test: 0 }, 0)).toEqual({ train: 10_000, validation: 0, test: 0 });
    expect(counts({ train: 0, validation: 1 - 1e-10, test: 0 }, 0)).toEqual({ train: 0, validation: 10_000, test: 0 });
    expect(splitOf(hashes[0] ?? '', { train: 0, validation: 0, test: 0.000001 }, 0, null)).toBe('test');
  });

  it('gives the split that is given', () => {
    for (const given of SPLIT_NAMES) expect(splitOf(hashes[0] ?? '', { train: 1, validation: 0, test: 0 }, 0, given)).toBe(given);
  });

  it('stays the same on every machine, in every version and whatever other images there are', () => {
    const drawn = hashes.slice(0, 24).map((hash) => splitOf(hash, usual, 42, null));
    expect(drawn.map((split) => split.slice(0, 2)).join(' ')).toBe(
      'tr tr tr te tr tr tr tr va tr te tr tr tr va tr tr tr tr tr va tr tr tr',
    );
  });

  it('moves no image out of test when the share of test grows', () => {
    const more = { train: 0.7, validation: 0.1, test: 0.2 };
    const tested = hashes.filter((hash) => splitOf(hash, usual, 3, null) === 'test');
    expect(tested.every((hash) => splitOf(hash, more, 3, null) === 'test')).toBe(true);
  });

  it('draws anew with another seed', () => {
    const moved = hashes.filter((hash) => splitOf(hash, usual, 1, null) !== splitOf(hash, usual, 2, null)).length;
    // Two independent draws differ in 1 - 0.8² - 0.1² - 0.1² of the images.
    expect(moved / hashes.length).toBeCloseTo(0.34, 1);
  });
});
