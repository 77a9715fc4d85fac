import { areaMeans } from './area-means.ts';
import type { GreyImage } from './grey-image.ts';

const SIDE = 8;

/** An image as 8×8 grey values in 128 hex digits, by row, its contrast stretched to 0 … 255: what confirms that images with like hashes look alike. */
export function thumbnailOf(image: GreyImage): string {
  const means = areaMeans(image, SIDE);
  const darkest = Math.min(...means);
  const range = Math.max(...means) - darkest;
  const stretched = Uint8Array.from(means, (mean) => (range > 0 ? Math.round(((mean - darkest) / range) * 255) : 0));
  return Buffer.from(stretched).toString('hex');
}
