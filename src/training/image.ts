import sharp from 'sharp';
import type { ImageShape } from '../contracts/training-spec.ts';
import { TrainingError } from './errors.ts';

// Far more than any drawing or scan; keeps a crafted file from taking all memory.
const MAX_PIXELS = 50_000_000;

/**
 * Turns an image file (PNG, JPEG, WebP, GIF or TIFF) into the input of a model: scaled to fit, grey or colour by the model's
 * channels, light ink on black, values in [0, 1] in the order row, column, channel.
 *
 * @throws TrainingError `IMAGE_UNREADABLE` when the bytes are no such image or have over 50 million pixels.
 */
export async function pixelsFromPng(bytes: Uint8Array, shape: ImageShape): Promise<Float32Array> {
  const { height, width, channels } = shape;
  if (channels !== 1 && channels !== 3) {
    throw new TrainingError('IMAGE_UNREADABLE', `Expected a model with 1 or 3 channels to read an image for, got ${channels}.`);
  }
  const raw = await decode(bytes, shape);
  // The data sets have light ink on black; paper is the other way round.
  const inverted = borderMean(raw, { height, width, channels }) > 127;
  return Float32Array.from(raw, (byte) => (inverted ? 255 - byte : byte) / 255);
}

async function decode(bytes: Uint8Array, { height, width, channels }: ImageShape): Promise<Uint8Array> {
  try {
    return await sharp(bytes, { limitInputPixels: MAX_PIXELS })
      .flatten({ background: 'white' })
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
      .resize(width, height, { fit: 'fill' })
      .raw()
      .toBuffer();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TrainingError(
      'IMAGE_UNREADABLE',
      `Expected a PNG or another image file, got ${bytes.length} bytes that cannot be read (${reason}).`,
      { cause },
    );
  }
}

function borderMean(raw: Uint8Array, { height, width, channels }: ImageShape): number {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < raw.length; i++) {
    const x = Math.floor(i / channels) % width;
    const y = Math.floor(i / (channels * width));
    if (x > 0 && x < width - 1 && y > 0 && y < height - 1) continue;
    sum += raw[i] ?? 0;
    count++;
  }
  return sum / count;
}
