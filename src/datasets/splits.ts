import { createHash } from 'node:crypto';
import type { SplitName, SplitShares } from '../contracts/dataset-build.ts';

/**
 * The split of an image: the one given with it, otherwise drawn by the hash of seed and content. Other images do not count, so
 * that an image stays in its split when a dataset grows.
 *
 * @param sha256 - of the file, in hex.
 * @param shares - of 1; a share of 0 draws nothing.
 */
export function splitOf(sha256: string, shares: SplitShares, seed: number, given: SplitName | null): SplitName {
  if (given !== null) return given;
  const place = unitInterval(`${seed}:${sha256}`);
  let end = 0;
  for (const split of ORDER) {
    end += shares[split];
    if (place < end) return split;
  }
  // Shares may add up to a little less than 1 by rounding.
  return ORDER.findLast((split) => shares[split] > 0) ?? 'train';
}

// What is tested on moves least when shares change.
const ORDER: readonly SplitName[] = ['test', 'validation', 'train'];

/** A number in [0, 1) that only the text decides, of 48 bits. */
function unitInterval(text: string): number {
  return createHash('sha256').update(text).digest().readUIntBE(0, 6) / 2 ** 48;
}
