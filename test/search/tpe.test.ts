import { describe, expect, it } from 'vitest';
import { dimensionsOf } from '../../src/search/dimensions.ts';
import { createKernelMixture } from '../../src/search/kernel-mixture.ts';
import { proposalStream } from '../../src/search/random-stream.ts';
import { createSampler, type Params, type SamplerOptions, type SearchSpace } from '../../src/search/index.ts';
import { eight } from './spaces.ts';

const branched: SearchSpace = {
  kind: { type: 'categorical', choices: ['bowl', 'slope'] },
  x: { type: 'float', low: -5, high: 5, when: { kind: 'bowl' } },
  y: { type: 'float', low: 1e-4, high: 1, log: true, when: { kind: 'bowl' } },
  z: { type: 'int', low: 0, high: 20, when: { kind: 'slope' } },
};

/** At best 0, in the bowl at x = 2, y = 0.01; on the slope 3 at best. */
function loss({ kind, x, y, z }: Params): number {
  if (kind === 'slope') return 3 + Number(z);
  return (Number(x) - 2) ** 2 + (Math.log10(Number(y)) + 2) ** 2;
}

function played(options: Pick<SamplerOptions, 'name' | 'seed'>, count: number): readonly Params[] {
  const sampler = createSampler({ ...options, space: branched, direction: 'minimize' });
  return Array.from({ length: count }, (_, number) => {
    const params = sampler.ask()?.params ?? {};
    sampler.tell(number, loss(params));
    return params;
  });
}

describe('the sampler tpe', () => {
  const seeds = Array.from({ length: 20 }, (_, seed) => seed);

  it('finds the optimum of a space with branches better than random, seed by seed', () => {
    const best = (name: 'tpe' | 'random', seed: number): number => Math.min(...played({ name, seed }, 60).map(loss));
    const gains = seeds.map((seed) => best('random', seed) - best('tpe', seed));
    const mean = gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
    const deviation = Math.sqrt(gains.reduce((sum, gain) => sum + (gain - mean) ** 2, 0) / (gains.length - 1));
    expect(mean / (deviation / Math.sqrt(gains.length))).toBeGreaterThan(3);
    expect(gains.filter((gain) => gain > 0).length).toBeGreaterThanOrEqual(16);
  });

  it('comes to propose mostly in the better branch, near its best', () => {
    const late = seeds.flatMap((seed) => played({ name: 'tpe', seed }, 60).slice(40));
    expect(late.filter((params) => loss(params) < 2).length / late.length).toBeGreaterThan(0.45);
  });

  it('keeps away from where trials fail', () => {
    const sampler = createSampler({ name: 'tpe', space: { x: { type: 'float', low: 0, high: 1 } }, seed: 3 });
    const proposed = Array.from({ length: 80 }, (_, number) => {
      const x = Number(sampler.ask()?.params['x']);
      sampler.tell(number, x > 0.5 ? { failed: 'out of memory' } : x);
      return x;
    });
    expect(proposed.slice(40).filter((x) => x > 0.6).length).toBeLessThan(8);
    expect(proposed.slice(40).filter((x) => x > 0.4 && x <= 0.5).length).toBeGreaterThan(15);
  });
});

describe('a kernel mixture', () => {
  const all: readonly Params[] = ['relu', 'tanh'].flatMap((act) => [
    { act, op: 'dense' },
    ...[1, 3, 5].map((kernel) => ({ act, op: 'conv', kernel })),
  ]);
  const samples = [1, 1, 4, 7, 0].map((index) => all[index] ?? {});

  it.each([0, 1, 5])('is a distribution over the configurations of a finite space, of %i samples', (count) => {
    const mixture = createKernelMixture(dimensionsOf(eight), samples.slice(0, count));
    expect(all.reduce((sum, params) => sum + Math.exp(mixture.logDensity(params)), 0)).toBeCloseTo(1, 5);
  });

  it('draws configurations as often as its density says', () => {
    const mixture = createKernelMixture(dimensionsOf(eight), samples);
    const draws = Array.from({ length: 20_000 }, (_, draw) => JSON.stringify(mixture.draw(proposalStream(1, 2, draw))));
    for (const params of all) {
      const share = draws.filter((text) => text === JSON.stringify(params)).length / draws.length;
      expect(share).toBeCloseTo(Math.exp(mixture.logDensity(params)), 1.8);
    }
  });

  it.each([false, true])('has the density of a distribution over a real number, on a logarithmic scale: %s', (log) => {
    const space: SearchSpace = { x: { type: 'float', low: 0.001, high: 1, log } };
    const mixture = createKernelMixture(dimensionsOf(space), [{ x: 0.01 }, { x: 0.02 }, { x: 0.9 }]);
    const [low, high] = log ? [Math.log(0.001), 0] : [0.001, 1];
    const width = (high - low) / 5000;
    const places = Array.from({ length: 5000 }, (_, idx) => low + (idx + 0.5) * width);
    const mass = places.map((place) => width * Math.exp(mixture.logDensity({ x: log ? Math.exp(place) : place })));
    expect(mass.reduce((sum, part) => sum + part, 0)).toBeCloseTo(1, 3);
  });
});
