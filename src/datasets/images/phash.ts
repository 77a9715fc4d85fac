import { areaMeans, transposed } from './area-means.ts';
import type { GreyImage } from './grey-image.ts';

const SIDE = 32;
const FREQUENCIES = 16;

// A coefficient near 0 would change sign with every noise. What is taken for 0 is a part of their root mean square, so that
// contrast does not count. By experiment: docs/decisions/0012.
const DEAD_ZONE = 0.05;

/**
 * A hash of what an image looks like: 256 bits in 64 hex digits, one for each of the 16×16 lowest frequencies (discrete cosine
 * transform of 32×32 grey means), set when its coefficient is positive. Copies of an image in another size, format or
 * brightness differ in few bits. The first bit, the mean, is always 0.
 */
export function perceptualHash(image: GreyImage): string {
  const coefficients = lowFrequencies(areaMeans(image, SIDE));
  coefficients[0] = 0;
  const threshold = DEAD_ZONE * Math.sqrt(coefficients.reduce((sum, value) => sum + value * value, 0) / (coefficients.length - 1));
  let hex = '';
  for (let at = 0; at < coefficients.length; at += 4) {
    let digit = 0;
    for (const value of coefficients.subarray(at, at + 4)) digit = digit * 2 + (value > threshold ? 1 : 0);
    hex += digit.toString(16);
  }
  return hex;
}

/** Row v, column u: the coefficient of frequency v down and u across. */
function lowFrequencies(means: Float64Array): Float64Array {
  const across = transform(means, SIDE);
  return transposed(transform(transposed(across, FREQUENCIES, SIDE), FREQUENCIES), FREQUENCIES, FREQUENCIES);
}

/** Each row of 32 values as its 16 lowest frequencies. */
function transform(values: Float64Array, rows: number): Float64Array {
  const result = new Float64Array(FREQUENCIES * rows);
  for (let row = 0; row < rows; row++) {
    for (let frequency = 0; frequency < FREQUENCIES; frequency++) {
      let sum = 0;
      for (let x = 0; x < SIDE; x++) sum += (COSINES[frequency * SIDE + x] ?? 0) * (values[row * SIDE + x] ?? 0);
      result[row * FREQUENCIES + frequency] = sum;
    }
  }
  return result;
}

const COSINES = Float64Array.from({ length: FREQUENCIES * SIDE }, (_, at) => {
  const frequency = Math.floor(at / SIDE);
  return Math.cos((Math.PI * (2 * (at % SIDE) + 1) * frequency) / (2 * SIDE));
});
