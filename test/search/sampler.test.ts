import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSampler, type Params, type Sampler, type SamplerOptions, SearchError } from '../../src/search/index.ts';
import { eight, everyKind, faultsOf, score } from './spaces.ts';

const NAMES = ['random', 'grid', 'tpe', 'evolution'] as const;
const LEARNERS = ['random', 'tpe', 'evolution'] as const;

/** Asks and tells in turn; every seventh trial fails. */
function play(sampler: Sampler, count: number, value: (params: Params) => number = score): readonly (Params | undefined)[] {
  return Array.from({ length: count }, () => {
    const asked = sampler.ask();
    if (asked === null) return undefined;
    sampler.tell(asked.number, asked.number % 7 === 6 ? { failed: 'out of memory' } : value(asked.params));
    return asked.params;
  });
}

function codeOf(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    return error instanceof SearchError ? error.code : String(error);
  }
  return undefined;
}

describe.each(NAMES)('the sampler %s', (name) => {
  const make = (seed = 5): Sampler => createSampler({ name, space: everyKind, seed });

  it('proposes the same for the same seed', () => {
    expect(play(make(), 40)).toEqual(play(make(), 40));
  });

  it('goes on the same after it was made again and asked and told the same', () => {
    const [kept, again] = [make(), make()];
    play(kept, 25);
    play(again, 25);
    expect(again.ask()).toEqual(kept.ask());
  });

  it('does not mind in which order it is told', () => {
    const [forth, back] = [make(), make()];
    const asks = Array.from({ length: 30 }, () => [forth.ask(), back.ask()] as const);
    for (const [asked] of asks) if (asked) forth.tell(asked.number, score(asked.params));
    for (const [, asked] of asks.toReversed()) if (asked) back.tell(asked.number, score(asked.params));
    expect(Array.from({ length: 5 }, () => forth.ask())).toEqual(Array.from({ length: 5 }, () => back.ask()));
  });

  it('gives every active parameter a value that it can have, and leaves inactive ones out', () => {
    const seeds = fc.nat({ max: 1_000_000 });
    fc.assert(
      fc.property(seeds, (seed) => {
        for (const params of play(make(seed), 30)) expect(faultsOf(params ?? {})).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });

  it('proposes every configuration of a finite space once before it repeats one', () => {
    const sampler = createSampler({ name, space: eight, seed: 3 });
    const proposed = play(sampler, 8, ({ act }) => (act === 'relu' ? 1 : 0));
    expect(new Set(proposed.map((params) => JSON.stringify(params))).size).toBe(8);
    expect(proposed).not.toContain(undefined);
    expect(sampler.ask() === null).toBe(name === 'grid');
  });

  it('proposes only what is feasible', () => {
    const feasible = ({ op, lr }: Params): boolean => op === 'conv' && Number(lr) > 1e-3;
    const proposed = play(createSampler({ name, space: everyKind, seed: 2, feasible }), 40);
    expect(proposed.every((params) => params !== undefined && feasible(params))).toBe(true);
  });

  it('does not learn from what a caller does to a configuration', () => {
    const [spoilt, kept] = [make(), make()];
    for (let number = 0; number < 15; number++) {
      const [asked] = [spoilt.ask(), kept.ask()];
      const value = score(asked?.params ?? {});
      spoilt.tell(number, value);
      kept.tell(number, value);
      Object.assign(asked?.params ?? {}, { depth: 1, lr: 0.1 });
    }
    expect(spoilt.ask()).toEqual(kept.ask());
  });
});

describe.each(LEARNERS)('the sampler %s', (name) => {
  it('proposes something else for another seed', () => {
    const [one, other] = [1, 2].map((seed) => play(createSampler({ name, space: everyKind, seed }), 5));
    expect(one).not.toEqual(other);
  });

  it('finds the last configurations of a finite space too, where draws rarely hit them', () => {
    const space = { x: { type: 'int', low: 1, high: 300, log: true } } as const;
    const proposed = play(createSampler({ name, space, seed: 1 }), 300, ({ x }) => Number(x));
    expect(new Set(proposed.map((params) => params?.['x'])).size).toBe(300);
  });

  it('proposes the last draw all the same when nothing is feasible', () => {
    const sampler = createSampler({ name, space: everyKind, seed: 1, feasible: () => false });
    expect(play(sampler, 20).every((params) => params !== undefined && faultsOf(params).length === 0)).toBe(true);
  });

  it('prefers a repetition to what is not feasible', () => {
    const feasible = ({ act, op }: Params): boolean => act === 'relu' && op === 'dense';
    const proposed = play(createSampler({ name, space: eight, seed: 1, feasible }), 20, () => 0);
    expect(proposed.every((params) => params?.['act'] === 'relu' && params['op'] === 'dense')).toBe(true);
  });

  it('minimizes as it maximizes the negative', () => {
    const up = createSampler({ name, space: everyKind, seed: 4 });
    const down = createSampler({ name, space: everyKind, seed: 4, direction: 'minimize' });
    expect(play(down, 60, (params) => -score(params))).toEqual(play(up, 60));
  });
});

it.each(['tpe', 'evolution'] as const)('the sampler %s begins with ten random configurations', (name) => {
  const [learnt, random] = [name, 'random' as const].map((one) => play(createSampler({ name: one, space: everyKind, seed: 6 }), 11));
  expect(learnt?.slice(0, 10)).toEqual(random?.slice(0, 10));
  expect(learnt?.at(10)).not.toEqual(random?.at(10));
});

describe('createSampler', () => {
  const good: SamplerOptions = { name: 'tpe', space: eight, seed: 1 };
  const faults: readonly (readonly [string, object, string])[] = [
    ['name', { name: 'tpa' }, 'name: expected one of random, grid, tpe, evolution, got "tpa"'],
    ['seed', { seed: -1 }, 'seed: expected a whole number from 0 to 9007199254740991, got -1'],
    ['missing seed', { seed: undefined }, 'seed: expected a whole number from 0 to 9007199254740991, got nothing'],
    ['direction', { direction: 'up' }, 'direction: expected one of maximize, minimize, or nothing, got "up"'],
    ['grid_points', { grid_points: 1 }, 'grid_points: expected a whole number from 2 to 1000, or nothing, got 1'],
    ['feasible', { feasible: 'all' }, 'feasible: expected a function of a configuration, or nothing, got "all"'],
    ['unknown option', { maximise: true }, 'maximise: expected only space, name, seed, direction, grid_points, feasible, got "maximise"'],
    ['space', { space: { x: { type: 'int', low: 2, high: 1 } } }, 'space.x.high: expected at least low (2), got 1'],
    ['missing space', { space: undefined }, 'space: expected parameters as {"width": {"type": "int", "low": 8, "high": 64}}, got nothing'],
  ];

  it.each(faults)('refuses a wrong %s and says what it expected', (_, change, message) => {
    const make = (): Sampler => createSampler({ ...good, ...change });
    expect(codeOf(make)).toBe('OPTIONS_INVALID');
    expect(make).toThrow(message);
  });

  it('refuses to be told of what was not asked, twice, or what is no number', () => {
    const sampler = createSampler(good);
    expect(() => sampler.tell(0, 1)).toThrow('number: expected that of a trial that was asked (nothing has been asked yet), got 0');
    sampler.ask();
    expect(codeOf(() => sampler.tell(1, 1))).toBe('TRIAL_UNKNOWN');
    expect(codeOf(() => sampler.tell(0.5, 1))).toBe('TRIAL_UNKNOWN');
    expect(codeOf(() => sampler.tell(0, Number.NaN))).toBe('VALUE_INVALID');
    expect(() => sampler.tell(0, Infinity)).toThrow('value of trial 0: expected a finite number, or { failed: "why" }, got Infinity');
    expect(codeOf(() => sampler.tell(0, null as never))).toBe('VALUE_INVALID');
    sampler.tell(0, { failed: 'lost' });
    expect(codeOf(() => sampler.tell(0, 1))).toBe('TRIAL_TOLD');
  });
});
