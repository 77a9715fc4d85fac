import { setImmediate } from 'node:timers/promises';
import { alike, bitAt, type Looks } from './looks.ts';

export interface NearPairsSearch {
  /** Largest distance of the hashes of a pair, in bits. */
  readonly threshold: number;
  readonly onPair: (a: number, b: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Finds the pairs that look alike, without comparing all with all: of `threshold` + 1 chunks of the bits, two hashes within that
 * distance have at least one in common, so that only those with a common chunk are compared. Lets other work go on meanwhile;
 * ends with an AbortError when the signal says so.
 *
 * A chunk that more than 2,000 share would make it quadratic after all: there each is compared with the 2,000 that follow it only.
 *
 * @param looks - at most `MAX_LOOKS`.
 * @returns how many comparisons were left out for that bound; 0 when all pairs were found for certain.
 */
export async function nearPairs(looks: Looks, search: NearPairsSearch): Promise<number> {
  const chunks = search.threshold + 1;
  let leftOut = 0;
  for (let chunk = 0; chunk < chunks; chunk++) leftOut += await pairsByChunk(looks, sortedByChunk(looks, chunk, chunks), search);
  return leftOut;
}

const BITS = 256;
const MAX_FOLLOWERS = 2000;
const COMPARISONS_AT_A_TIME = 1_000_000;

// Odd, of no pattern: chunks of over 32 bits are folded to a key, and few that differ get the same.
const KEY_FACTOR = 0x9e3779b1;

/** How many looks can be searched: with a key of 32 bits, a number below this fits in a double, and doubles sort fast. */
export const MAX_LOOKS = 2 ** 21;

/** The numbers of the looks, those with the same chunk together and ascending, each below its chunk's key. */
function sortedByChunk(looks: Looks, chunk: number, chunks: number): Float64Array {
  const keyed = new Float64Array(looks.count);
  for (let look = 0; look < looks.count; look++) keyed[look] = chunkKey(looks, look, { chunk, chunks }) * MAX_LOOKS + look;
  return keyed.toSorted();
}

/** Every `chunks`-th bit: low and high frequencies in each chunk, since low ones alone are much alike. */
function chunkKey(looks: Looks, look: number, { chunk, chunks }: { readonly chunk: number; readonly chunks: number }): number {
  let key = 0;
  for (let bit = chunk; bit < BITS; bit += chunks) key = Math.imul(key, KEY_FACTOR) + bitAt(looks, look, bit);
  return key >>> 0;
}

async function pairsByChunk(looks: Looks, sorted: Float64Array, { threshold, onPair, signal }: NearPairsSearch): Promise<number> {
  let leftOut = 0;
  let compared = 0;
  let end = 0;
  await setImmediate(undefined, { signal });
  for (let at = 0; at < sorted.length; at++) {
    if (at === end) end = bucketEnd(sorted, at);
    const a = (sorted[at] ?? 0) % MAX_LOOKS;
    const last = Math.min(end, at + 1 + MAX_FOLLOWERS);
    for (let next = at + 1; next < last; next++) {
      const b = (sorted[next] ?? 0) % MAX_LOOKS;
      if (alike(looks, a, b, threshold)) onPair(a, b);
    }
    leftOut += end - last;
    compared += last - at;
    if (compared < COMPARISONS_AT_A_TIME) continue;
    compared = 0;
    await setImmediate(undefined, { signal });
  }
  return leftOut;
}

function bucketEnd(sorted: Float64Array, start: number): number {
  const key = Math.floor((sorted[start] ?? 0) / MAX_LOOKS);
  let end = start + 1;
  while (end < sorted.length && Math.floor((sorted[end] ?? 0) / MAX_LOOKS) === key) end++;
  return end;
}
