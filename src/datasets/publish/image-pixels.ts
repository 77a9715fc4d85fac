import sharp, { type SharpOptions } from 'sharp';
import type { PixelShape } from '../../contracts/dataset-build.ts';

/**
 * The pixels of an image as models see them: bytes in the order row, column, channel; scaled to the shape whatever its own proportions
 * (`fill`), grey or RGB, transparency on white. The same image gives the same bytes. Rejects with sharp's error when it cannot be decoded.
 *
 * @param image - its bytes, or the path of its file.
 */
export async function imagePixels(image: string | Uint8Array, shape: PixelShape, options: SharpOptions = {}): Promise<Uint8Array> {
  const { width, height, channels } = shape;
  return sharp(image, options)
    .flatten({ background: 'white' })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .resize(width, height, { fit: 'fill' })
    .raw()
    .toBuffer();
}
