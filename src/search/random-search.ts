import { drawParams } from './dimensions.ts';
import type { CreateStrategy } from './strategy.ts';

/** Draws at random, whatever is known. */
export const randomSearch: CreateStrategy = (dimensions) => ({
  candidates: 1,
  draw: (stream) => drawParams(dimensions, stream),
  choose: ([only = null]) => only,
});
