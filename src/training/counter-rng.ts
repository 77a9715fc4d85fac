// Random numbers by position, not by history: value number `index` of a stream is a pure function of the stream's key and
// the index. A training resumed in the middle therefore sees the numbers that the uninterrupted one would have seen.

/** Identifies one stream of random numbers. */
export interface StreamKey {
  readonly low: number;
  readonly high: number;
}

/**
 * Derives the key of the stream named by `parts` under `seed`.
 *
 * @param seed - integer, 0 to 2^53 - 1.
 * @param parts - integers from 0 to 2^53 - 1 that name the stream, such as purpose and epoch.
 */
export function streamKey(seed: number, ...parts: readonly number[]): StreamKey {
  let low = 0x243f6a88;
  let high = 0x85a308d3;
  for (const part of [seed, ...parts]) {
    low = mix(low ^ (part >>> 0));
    high = mix((high ^ Math.floor(part / 2 ** 32)) + low);
    low = mix(low + high);
  }
  return { low, high };
}

/** Number `index` (0 to 2^32 - 1) of a stream, uniform over the integers from 0 to 2^32 - 1. */
export function randomU32(key: StreamKey, index: number): number {
  return mix(mix(Math.imul(index, 0x9e3779b1) ^ key.low) + key.high) >>> 0;
}

/** Number `index` of a stream, uniform in [0, 1). */
export function randomUnit(key: StreamKey, index: number): number {
  return randomU32(key, index) / 2 ** 32;
}

/** A permutation of 0 … count - 1, decided by the key alone (Fisher–Yates). */
export function permutation(key: StreamKey, count: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(randomUnit(key, last) * (last + 1));
    const kept = order[last] ?? 0;
    order[last] = order[other] ?? 0;
    order[other] = kept;
  }
  return order;
}

// The finalizer of MurmurHash3: every input bit changes every output bit about half the time.
function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
