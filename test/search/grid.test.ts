import { describe, expect, it } from 'vitest';
import { createSampler, type Params, type SamplerOptions } from '../../src/search/index.ts';
import { eight } from './spaces.ts';

/** All that a grid proposes. */
function all(options: Omit<SamplerOptions, 'name' | 'seed'>): readonly Params[] {
  const sampler = createSampler({ name: 'grid', seed: 0, ...options });
  const found: Params[] = [];
  for (let asked = sampler.ask(); asked !== null; asked = sampler.ask()) found.push(asked.params);
  return found;
}

describe('a grid', () => {
  it('covers every branch of a space exactly once, the last parameter turning fastest', () => {
    const ofAct = (act: string): Params[] => [
      { act, op: 'conv', kernel: 1 },
      { act, op: 'conv', kernel: 3 },
      { act, op: 'conv', kernel: 5 },
      { act, op: 'dense' },
    ];
    expect(all({ space: eight })).toEqual([...ofAct('relu'), ...ofAct('tanh')]);
  });

  it('takes a float at five even places with both ends, or at as many as it is told', () => {
    const space = { x: { type: 'float', low: 0, high: 2 } } as const;
    expect(all({ space }).map(({ x }) => x)).toEqual([0, 0.5, 1, 1.5, 2]);
    expect(all({ space, grid_points: 2 }).map(({ x }) => x)).toEqual([0, 2]);
  });

  it('takes a logarithmic float at places of even ratio, and a fixed one once', () => {
    const space = { lr: { type: 'float', low: 1e-4, high: 1, log: true }, decay: { type: 'float', low: 0.3, high: 0.3 } } as const;
    const found = all({ space });
    expect(found.map(({ decay }) => decay)).toEqual([0.3, 0.3, 0.3, 0.3, 0.3]);
    for (const [index, { lr }] of found.entries()) expect(Number(lr) / 10 ** (index - 4)).toBeCloseTo(1, 12);
  });

  it('ends a range of steps below its high when the steps do not reach it', () => {
    expect(all({ space: { x: { type: 'int', low: 1, high: 9, step: 3 } } }).map(({ x }) => x)).toEqual([1, 4, 7]);
  });

  it('is exhausted when the rest is not feasible', () => {
    expect(all({ space: eight, feasible: ({ op }) => op === 'dense' })).toEqual([
      { act: 'relu', op: 'dense' },
      { act: 'tanh', op: 'dense' },
    ]);
  });

  it('gives up on a space in which nothing is feasible, however large', () => {
    const space = Object.fromEntries(Array.from({ length: 10 }, (_, idx) => [`x${idx}`, { type: 'int', low: 0, high: 99 } as const]));
    expect(all({ space, feasible: () => false })).toEqual([]);
  });
});
