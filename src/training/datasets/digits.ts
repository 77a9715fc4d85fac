import { brotliDecompressSync } from 'node:zlib';
import { DIGITS_BROTLI_BASE64, DIGITS_SHA256 } from './data/digits-bytes.ts';
import type { DatasetInfo, RawImages } from './dataset.ts';

const IMAGES = 1797;
const PIXELS = 64;

/** A small set of handwritten digits inside this package, for tests and quick searches. Splits are a fixed permutation. */
export const digitsInfo: DatasetInfo = {
  id: 'digits',
  title: 'UCI handwritten digits (8x8, 10 classes)',
  licence: 'CC BY 4.0 (E. Alpaydin and C. Kaynak, UCI Machine Learning Repository)',
  source: 'https://doi.org/10.24432/C50P49 (test set), by way of scikit-learn',
  input: { height: 8, width: 8, channels: 1 },
  classes: 10,
  sizes: { train: 797, validation: 500, test: 500 },
  sha256s: { digits: DIGITS_SHA256 },
};

/** The unpacked bytes: all pixels, then all labels. */
export function readDigitsFile(): Uint8Array {
  return brotliDecompressSync(Buffer.from(DIGITS_BROTLI_BASE64, 'base64'));
}

/** The 1,797 images of checked bytes. */
export function digitsImages(bytes: Uint8Array): RawImages {
  const pixels = bytes.subarray(0, IMAGES * PIXELS);
  return { pixels, labels: bytes.subarray(IMAGES * PIXELS), size: PIXELS, white: 16 };
}
