import type { Params } from '../contracts/search-space.ts';
import type { Dimension } from './dimensions.ts';
import type { Observation } from './observation.ts';
import type { Stream } from './random-stream.ts';

/** How a sampler finds its next configuration: it draws candidates, those that will not do are drawn again, and it chooses one. */
export interface Strategy {
  /** Candidates that it wants to choose from. */
  readonly candidates: number;
  draw(stream: Stream): Params;
  /** Of one or more candidates, the one to try. */
  choose(candidates: readonly Params[]): Params | null;
}

/** Makes a strategy of what is known; observations are in order of number. */
export type CreateStrategy = (dimensions: readonly Dimension[], observations: readonly Observation[]) => Strategy;
