import { afterAll, describe, expect, it } from 'vitest';
import { searchOf, sizeOf } from '../support/nas-planner.ts';
import { utilisation } from '../support/nas-slots.ts';
import { seeded } from '../support/seeded.ts';

const SEEDS = Array.from({ length: 20 }, (_, seed) => seed);
const figures: string[] = [];

afterAll(
  () => void process.stderr.write(`share of time in which two slots were busy, real durations off by up to 30 %:\n${figures.join('')}`),
);

describe('two slots of a deterministic study, on trials of unequal length that take up to 30 % more or less than expected', () => {
  it('has trials of unequal length: the longest epoch takes ten times the shortest', () => {
    expect(sizeOf({ depth: 3, width: 72 }).cost / sizeOf({ depth: 1, width: 8 }).cost).toBeGreaterThan(10);
  });

  it.each([
    { max_trials: 60, name: 'asha' as const },
    { max_trials: 60, name: 'none' as const },
    { max_trials: 200, name: 'asha' as const },
  ])('are busy 85 % of the time, in every one of 20 searches: $max_trials trials, scheduler $name', ({ max_trials, name }) => {
    expect(Math.min(...sharesOf(max_trials, name))).toBeGreaterThanOrEqual(0.85);
  });

  it('are busy 85 % of the time on average in searches of 20 trials, in which the last trial, trained alone, weighs more', () => {
    expect(mean(sharesOf(20, 'asha'))).toBeGreaterThanOrEqual(0.85);
  });
});

function sharesOf(max_trials: number, name: 'asha' | 'none'): number[] {
  const shares = SEEDS.map((seed) => {
    const random = seeded(seed);
    const search = searchOf({ seed, budget: { max_trials }, scheduler: { name, min_epochs: 1, reduction: 3 } });
    return utilisation(search, { deviation: () => 1 + 0.3 * (2 * random() - 1) });
  });
  figures.push(`  ${max_trials} trials, ${name}: mean ${mean(shares).toFixed(3)}, least ${Math.min(...shares).toFixed(3)}\n`);
  return shares;
}

function mean(shares: readonly number[]): number {
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}
