import type { SamplerChoice } from '../contracts/nas-search.ts';
import type { Params, SearchSpace } from '../contracts/search-space.ts';
import { type CandidateFilter, createCandidateFilter } from './candidate-filter.ts';
import { dimensionsOf, isFiniteSpace } from './dimensions.ts';
import { evolution } from './evolution.ts';
import { nextOnGrid } from './grid.ts';
import type { Observation } from './observation.ts';
import { randomSearch } from './random-search.ts';
import { proposalStream, type Stream } from './random-stream.ts';
import type { CreateStrategy, Strategy } from './strategy.ts';
import { tpe } from './tpe.ts';
import { walkToNew } from './walk-to-new.ts';

/** Draws for one proposal beyond the candidates that the sampler wants. */
const REDRAWS = 100;
const GRID_POINTS = 5;

const strategies: Readonly<Record<Exclude<SamplerChoice['name'], 'grid'>, CreateStrategy>> = { random: randomSearch, tpe, evolution };

/** Everything that decides a proposal. */
export interface ProposalRequest {
  readonly sampler: SamplerChoice['name'];
  readonly space: SearchSpace;
  readonly seed: number;
  /** Number of the trial that is proposed. */
  readonly number: number;
  /** What is known, in order of number. */
  readonly observations: readonly Observation[];
  /** Every configuration proposed before, also those that nothing is known of yet. */
  readonly tried: readonly Params[];
  readonly feasible?: ((params: Params) => boolean) | undefined;
  /** Places at which a grid takes a real number. Default 5. */
  readonly gridPoints?: number | undefined;
}

/**
 * The next configuration to try: of what the sampler draws, and then of what is drawn at random, one that is new and feasible;
 * then one that a walk through a finite space finds; else one that is feasible; else any. All of it is bounded. A grid gives
 * nothing else than what is new and feasible, and null when that is exhausted.
 */
export function propose(request: ProposalRequest): Params | null {
  const { sampler, space, seed, number, observations } = request;
  const dimensions = dimensionsOf(space);
  // Where a real number is drawn, nothing comes twice.
  const mayRepeat = sampler === 'grid' || isFiniteSpace(dimensions);
  const filter = createCandidateFilter(dimensions, mayRepeat ? request.tried : [], request.feasible);
  if (sampler === 'grid') return nextOnGrid(dimensions, request.gridPoints ?? GRID_POINTS, filter);
  let draws = 0;
  const nextStream = (): Stream => proposalStream(seed, number, draws++);
  const own = strategies[sampler](dimensions, observations);
  const drawn = drawCandidates(own, nextStream, filter);
  if (drawn.candidates.length > 0) return own.choose(drawn.candidates);
  const { candidates, feasible, last } = drawCandidates(randomSearch(dimensions, observations), nextStream, filter);
  return candidates[0] ?? walkToNew(dimensions, last, filter) ?? drawn.feasible ?? feasible ?? last;
}

interface Drawn {
  /** New and feasible. */
  readonly candidates: readonly Params[];
  readonly feasible: Params | undefined;
  readonly last: Params;
}

function drawCandidates(strategy: Strategy, nextStream: () => Stream, { isNew, isFeasible }: CandidateFilter): Drawn {
  const candidates: Params[] = [];
  let last: Params = {};
  let feasible: Params | undefined;
  for (let draw = 0; draw < strategy.candidates + REDRAWS && candidates.length < strategy.candidates; draw++) {
    last = strategy.draw(nextStream());
    if (!isFeasible(last)) continue;
    feasible = last;
    if (isNew(last)) candidates.push(last);
  }
  return { candidates, feasible, last };
}
