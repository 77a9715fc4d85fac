import type { ImageFacts } from '../../contracts/dataset-build.ts';

/** What images look like, each look once: perceptual hashes of 256 bits, thumbnails of 64 grey values, and which are small. */
export interface Looks {
  readonly count: number;
  /** Eight words of 32 bits for each hash. */
  readonly words: Int32Array;
  /** Of mean 0 and deviation 1, so that brightness and contrast do not count; all 0 for one that is flat. */
  readonly thumbnails: Float32Array;
  /** 1 for a small image. */
  readonly small: Uint8Array;
}

// All by experiment, docs/decisions/0012. Two thumbnails, brought to mean 0 and deviation 1, agree when they differ by less than
// this (root mean square). Copies of photos do by up to 0.28, other photos by 0.5 and more.
const TOLERANCE = 0.3;
// Digits of 28 pixels have so little detail that others are nearer than that: by 0.06 for hashes within 16 bits. Copies of them
// differ by up to 0.05 or have hashes within 8 bits, where no two of 70,000 digits are.
const SMALL_SIDE = 64;
const SMALL_TOLERANCE = 0.05;
const CERTAIN_BITS = 8;

const WORDS = 8;
const HASH_BYTES = WORDS * 4;
const FIELDS = 64;

/** What an image looks like as text: the same for two that look quite the same. */
export function lookOf({ phash, thumbnail, width, height }: Pick<ImageFacts, 'phash' | 'thumbnail' | 'width' | 'height'>): string {
  return `${phash}${thumbnail}${Math.max(width, height) < SMALL_SIDE ? '01' : '00'}`;
}

/** @param looks - texts that `lookOf` made. */
export function looksOf(looks: readonly string[]): Looks {
  const words = new Int32Array(looks.length * WORDS);
  const thumbnails = new Float32Array(looks.length * FIELDS);
  const small = new Uint8Array(looks.length);
  for (const [at, look] of looks.entries()) {
    const bytes = Buffer.from(look, 'hex');
    for (let word = 0; word < WORDS; word++) words[at * WORDS + word] = bytes.readInt32BE(word * 4);
    thumbnails.set(normal(bytes.subarray(HASH_BYTES, HASH_BYTES + FIELDS)), at * FIELDS);
    small[at] = bytes[HASH_BYTES + FIELDS] ?? 0;
  }
  return { count: looks.length, words, thumbnails, small };
}

/** Bit 0 … 255 of the hash of a look. */
export function bitAt({ words }: Looks, look: number, bit: number): number {
  return ((words[look * WORDS + (bit >>> 5)] ?? 0) >>> (31 - (bit & 31))) & 1;
}

/** Whether two hashes differ in at most `threshold` bits, and the thumbnails by little. */
export function alike(looks: Looks, a: number, b: number, threshold: number): boolean {
  const distance = distanceUpTo(looks, a, b, threshold);
  if (distance > threshold) return false;
  const bothSmall = looks.small[a] === 1 && looks.small[b] === 1;
  return thumbnailDifference(looks, a, b) < (bothSmall && distance > CERTAIN_BITS ? SMALL_TOLERANCE : TOLERANCE);
}

/** Bits in which two hashes of 64 hex digits differ. */
export function hammingDistance(a: string, b: string): number {
  return distanceUpTo(looksOf([a, b]), 0, 1, Number.POSITIVE_INFINITY);
}

/** The distance of two hashes; counting ends beyond the threshold, which most that differ are after their first words. */
function distanceUpTo({ words }: Looks, a: number, b: number, threshold: number): number {
  let distance = 0;
  for (let word = 0; word < WORDS && distance <= threshold; word++) {
    distance += bitsSet((words[a * WORDS + word] ?? 0) ^ (words[b * WORDS + word] ?? 0));
  }
  return distance;
}

/** Root mean square. */
function thumbnailDifference({ thumbnails }: Looks, a: number, b: number): number {
  let squares = 0;
  for (let field = 0; field < FIELDS; field++) {
    squares += ((thumbnails[a * FIELDS + field] ?? 0) - (thumbnails[b * FIELDS + field] ?? 0)) ** 2;
  }
  return Math.sqrt(squares / FIELDS);
}

function normal(values: Uint8Array): Float64Array {
  const centre = mean(values);
  const centred = Float64Array.from(values, (value) => value - centre);
  const deviation = Math.sqrt(mean(centred.map((value) => value * value)));
  return deviation === 0 ? centred : centred.map((value) => value / deviation);
}

function mean(values: Uint8Array | Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

function bitsSet(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
