import { describe, expect, it } from 'vitest';
import { createSampler, type Params, type SearchSpace } from '../../src/search/index.ts';

const wide: SearchSpace = Object.fromEntries(Array.from({ length: 8 }, (_, idx) => [`x${idx}`, { type: 'int', low: 0, high: 9 } as const]));

/** In how many parameters two configurations differ. */
function distance(a: Params, b: Params): number {
  return Object.keys({ ...a, ...b }).filter((name) => a[name] !== b[name]).length;
}

/** Asks and tells `count` times; the value of a trial is a function of its number. */
function play(space: SearchSpace, count: number, value: (number: number) => number): readonly Params[] {
  const sampler = createSampler({ name: 'evolution', space, seed: 9 });
  return Array.from({ length: count }, (_, number) => {
    const params = sampler.ask()?.params ?? {};
    sampler.tell(number, value(number));
    return params;
  });
}

/** For each configuration after the first ten: how old the youngest is of which it is a mutation, 1 for the one just before it. */
function agesOfParents(proposed: readonly Params[]): readonly number[] {
  return proposed.slice(10).map((child, index) => {
    const older = proposed.slice(0, index + 10).toReversed();
    return 1 + older.findIndex((parent) => distance(parent, child) === 1);
  });
}

describe('regularized evolution', () => {
  it('changes one parameter of one of the youngest ten', () => {
    const ages = agesOfParents(play(wide, 200, () => 0));
    expect(Math.min(...ages)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...ages)).toBeLessThanOrEqual(10);
    expect(new Set(ages).size).toBeGreaterThan(3);
  });

  it('lets the old die, however good they were', () => {
    // The older the better: the best of three is mostly among the oldest, and never an eleventh.
    const ages = agesOfParents(play(wide, 200, (number) => -number));
    expect(Math.max(...ages)).toBe(10);
    expect(ages.filter((age) => age > 5).length).toBeGreaterThan(ages.length / 2);
  });

  it('takes the best of three', () => {
    const ages = agesOfParents(play(wide, 300, (number) => number));
    // The youngest is the best: drawn among 3 of 10 with probability 0.3; the two oldest of 10 can never win.
    expect(ages.filter((age) => age === 1).length / ages.length).toBeCloseTo(0.3, 1);
    expect(Math.max(...ages)).toBeLessThanOrEqual(8);
  });

  it('has failed trials lose against all others', () => {
    const sampler = createSampler({ name: 'evolution', space: wide, seed: 1 });
    const proposed = Array.from({ length: 40 }, (_, number) => {
      const params = sampler.ask()?.params ?? {};
      sampler.tell(number, number % 5 === 0 ? -1e300 : { failed: 'diverged' });
      return params;
    });
    // Two of any ten youngest have a value, and 1 - (8·7·6)/(10·9·8) of the tournaments hold one of them.
    const ofSuccess = proposed.slice(10).filter((child, index) => {
      const population = proposed.slice(index, index + 10);
      return population.some((parent, place) => (index + place) % 5 === 0 && distance(parent, child) === 1);
    });
    expect(ofSuccess.length / 30).toBeGreaterThan(0.35);
  });

  it('draws a parameter that a change makes active and leaves out what it makes inactive', () => {
    const space: SearchSpace = {
      op: { type: 'categorical', choices: ['conv', 'dense'] },
      kernel: { type: 'float', low: 0, high: 1, when: { op: 'conv' } },
      units: { type: 'float', low: 0, high: 1, when: { op: 'dense' } },
    };
    const proposed = play(space, 100, () => 0);
    expect(proposed.map((params) => Object.keys(params).join())).toEqual(
      proposed.map(({ op }) => (op === 'conv' ? 'op,kernel' : 'op,units')),
    );
    expect(new Set(proposed.slice(10).map(({ op }) => op)).size).toBe(2);
  });

  it('proposes the one configuration of a space that has only one', () => {
    expect(play({ x: { type: 'int', low: 3, high: 3 } }, 15, () => 0)).toEqual(Array.from({ length: 15 }, () => ({ x: 3 })));
  });
});
