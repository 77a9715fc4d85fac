import sharp from 'sharp';

/** Grey values 0 to 255 by row, as a training would see the image: transparent parts on white. */
export interface GreyImage {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
}

// The files of a build are each read once: a cache would only hold memory. Images are decoded several at a time, so that more
// threads for one of them gain nothing (docs/decisions/0012).
sharp.cache(false);
sharp.concurrency(1);

// Enough to tell images apart and to see that one is not blank; keeps what comes out of a decoder at 256 KiB, however large the image.
const MAX_SIDE = 512;

/**
 * Decodes every row of an image file, and gives it in grey, shrunk to at most 512 pixels a side.
 *
 * @throws Error when the file has more than `maxPixels`, or is cut off or damaged.
 */
export async function decodeGrey(bytes: Buffer, maxPixels: number): Promise<GreyImage> {
  // 'warning' also finds damaged Huffman codes in a JPEG; it does not mind odd metadata.
  const { data, info } = await sharp(bytes, { failOn: 'warning', limitInputPixels: maxPixels })
    .flatten({ background: 'white' })
    .toColourspace('b-w')
    .resize(MAX_SIDE, MAX_SIDE, { fit: 'inside', withoutEnlargement: true })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { pixels: data, width: info.width, height: info.height };
}
