import { describe, expect, it } from 'vitest';
import { permutation, randomUnit, streamKey } from '../../src/training/counter-rng.ts';
import { exp, integerPower, tanh } from '../../src/training/portable-math.ts';

describe('counter random numbers', () => {
  it('are uniform and differ between seeds, streams and positions', () => {
    const seeds = [0, 1, 2 ** 32, 2 ** 53 - 1];
    const seen = new Set<number>();
    for (const seed of seeds) {
      for (const stream of [0, 1]) {
        const key = streamKey(seed, stream);
        const values = Array.from({ length: 2000 }, (_, index) => randomUnit(key, index));
        expect(values.reduce((sum, value) => sum + value, 0) / values.length).toBeCloseTo(0.5, 1);
        for (const value of values) seen.add(value);
      }
    }
    expect(seen.size).toBeGreaterThan(15_990);
  });

  it('permute every index exactly once', () => {
    const order = permutation(streamKey(4), 1000);
    expect(order.toSorted()).toEqual(Uint32Array.from({ length: 1000 }, (_, index) => index));
    expect(order).not.toEqual(order.toSorted());
  });
});

describe('portable mathematics', () => {
  it('agrees with the built-in functions to within a few units in the last place', () => {
    for (let x = -700; x < 700; x += 0.37) expect(Math.abs(exp(x) / Math.exp(x) - 1)).toBeLessThan(1e-14);
    for (let x = -20; x < 20; x += 0.013) expect(Math.abs(tanh(x) - Math.tanh(x))).toBeLessThan(1e-15);
    for (const n of [0, 1, 2, 7, 1000]) expect(Math.abs(integerPower(0.999, n) / 0.999 ** n - 1)).toBeLessThan(1e-12);
  });

  it('has the limits of the built-in functions', () => {
    expect([exp(0), exp(1000), exp(-1000), exp(Number.NaN), exp(Number.NEGATIVE_INFINITY)]).toEqual([1, Infinity, 0, Number.NaN, 0]);
    expect([tanh(0), tanh(400), tanh(-400)]).toEqual([0, 1, -1]);
  });
});
