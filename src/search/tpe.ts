import type { Params } from '../contracts/search-space.ts';
import type { Dimension } from './dimensions.ts';
import { createKernelMixture, type KernelMixture } from './kernel-mixture.ts';
import { compareObservations, type Observation } from './observation.ts';
import { randomSearch } from './random-search.ts';
import type { CreateStrategy } from './strategy.ts';

/** Results drawn at random before anything is estimated. */
const STARTUP = 10;
const CANDIDATES = 24;
const GOOD_SHARE = 0.1;
const MOST_GOOD = 25;
/** Of the others the youngest; older ones would hardly count, and an ask must stay quick after thousands. */
const MOST_OTHERS = 300;

/**
 * Multivariate tree-structured Parzen estimator (Bergstra et al. 2011; joint densities as in Falkner et al. 2018): of
 * 24 candidates from where the good tenth lies, the one where the others lie least. Failed ones are among the others.
 */
export const tpe: CreateStrategy = (dimensions, observations) => {
  if (observations.length < STARTUP) return randomSearch(dimensions, observations);
  const goodCount = Math.min(Math.ceil(GOOD_SHARE * observations.length), MOST_GOOD);
  const goodOnes = new Set(observations.toSorted(compareObservations).slice(0, goodCount));
  const good = mixtureOf(
    dimensions,
    observations.filter((observation) => goodOnes.has(observation)),
  );
  const others = mixtureOf(dimensions, observations.filter((observation) => !goodOnes.has(observation)).slice(-MOST_OTHERS));
  return {
    candidates: CANDIDATES,
    draw: (stream) => good.draw(stream),
    choose: (candidates) => highest(candidates, (candidate) => good.logDensity(candidate) - others.logDensity(candidate)),
  };
};

function mixtureOf(dimensions: readonly Dimension[], observations: readonly Observation[]): KernelMixture {
  return createKernelMixture(
    dimensions,
    observations.map(({ params }) => params),
  );
}

function highest(candidates: readonly Params[], score: (candidate: Params) => number): Params | null {
  const scored = candidates.map((candidate) => ({ candidate, score: score(candidate) }));
  return scored.toSorted((a, b) => b.score - a.score)[0]?.candidate ?? null;
}
