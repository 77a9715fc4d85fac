// The law says "contracts only"; but one function decides all our random numbers, and it knows nothing of training.
// oxlint-disable-next-line no-restricted-imports -- a second copy could drift from the first
import { randomUnit, streamKey } from '../training/counter-rng.ts';

// Those of the trainer, under the same seed, are 1 to 3.
const PROPOSAL_STREAM = 100;

/** Random numbers for one draw. */
export interface Stream {
  /** The next number, uniform in [0, 1). */
  unit(): number;
  /** The next whole number, uniform in 0 … count - 1. */
  below(count: number): number;
  /** The next number of the standard normal distribution. */
  normal(): number;
}

/**
 * The random numbers of draw number `draw` for proposal number `number`. They depend on these and the seed alone, not on
 * anything drawn before.
 *
 * @param seed - integer, 0 to 2^53 - 1.
 */
export function proposalStream(seed: number, number: number, draw: number): Stream {
  const key = streamKey(seed, PROPOSAL_STREAM, number, draw);
  let index = 0;
  const unit = (): number => randomUnit(key, index++);
  return {
    unit,
    below: (count) => Math.floor(unit() * count),
    // Box–Muller; 1 - unit() is never 0.
    normal: () => Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit()),
  };
}
