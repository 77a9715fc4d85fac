import sharp from 'sharp';
import type { Drop, ImageFacts, ImageFormat, ImageRules } from '../../contracts/dataset-build.ts';
import { decodeGrey, type GreyImage } from './grey-image.ts';
import { perceptualHash } from './phash.ts';
import { sniff } from './sniff.ts';
import { thumbnailOf } from './thumbnail.ts';

/** What is known of an image that is fine, or why it is refused. */
export type Inspection = { readonly image: ImageFacts } | { readonly drop: Drop };

/**
 * Looks at one file: what it is by its first bytes, then its header against the limits, then all of its pixels. Only the last
 * takes memory by the size of the image (at most some 8 bytes for each of `max_pixels`). Width and height are as stored; an
 * orientation in its EXIF is not applied. Never throws for what is in the file.
 */
export async function inspectImage(bytes: Buffer, rules: ImageRules): Promise<Inspection> {
  const format = takenFormat(bytes, rules.formats);
  if (typeof format !== 'string') return { drop: format };
  let header: Header;
  try {
    header = await readHeader(bytes);
  } catch (error) {
    return { drop: damaged(format, bytes, error) };
  }
  const refused = refusal(header, rules);
  if (refused !== undefined) return { drop: refused };
  let grey: GreyImage;
  try {
    grey = await decodeGrey(bytes, rules.max_pixels);
  } catch (error) {
    return { drop: damaged(format, bytes, error) };
  }
  const deviation = standardDeviation(grey.pixels);
  if (deviation < rules.min_deviation) return { drop: blank(deviation, rules.min_deviation) };
  const { width, height, channels } = header;
  return { image: { format, width, height, channels, phash: perceptualHash(grey), thumbnail: thumbnailOf(grey) } };
}

function takenFormat(bytes: Buffer, formats: readonly ImageFormat[]): ImageFormat | Drop {
  const sniffed = sniff(bytes);
  if ('unknown' in sniffed) return drop('NOT_AN_IMAGE', `Expected an image, got ${sniffed.unknown} (${bytes.length} bytes).`);
  if ('format' in sniffed && formats.includes(sniffed.format)) return sniffed.format;
  const got = 'format' in sniffed ? sniffed.format : sniffed.other;
  return drop('FORMAT_NOT_ALLOWED', `Expected one of ${formats.join(', ')} (validate.formats), got ${got} by the first bytes.`);
}

interface Header {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly frames: number;
}

async function readHeader(bytes: Buffer): Promise<Header> {
  // Nothing is decoded for it; without sharp's own limit the sizes can be told in the refusal.
  const { width, height, channels, pages } = await sharp(bytes, { limitInputPixels: false }).metadata();
  return { width, height, channels, frames: pages ?? 1 };
}

function refusal({ width, height, frames }: Header, rules: ImageRules): Drop | undefined {
  const shorter = Math.min(width, height);
  const longer = Math.max(width, height);
  const size = `${width}×${height} pixels`;
  if (width * height > rules.max_pixels)
    return drop('TOO_MANY_PIXELS', `Expected at most ${rules.max_pixels} pixels (validate.max_pixels), got ${size}.`);
  if (longer > rules.max_side)
    return drop('TOO_LONG_SIDE', `Expected at most ${rules.max_side} pixels a side (validate.max_side), got ${size}.`);
  if (shorter < rules.min_side)
    return drop('TOO_SMALL', `Expected at least ${rules.min_side} pixels a side (validate.min_side), got ${size}.`);
  if (longer > shorter * rules.max_aspect)
    return drop('ASPECT', `Expected a longer side of at most ${rules.max_aspect} times the shorter (validate.max_aspect), got ${size}.`);
  if (frames > 1) return drop('ANIMATED', `Expected one picture, got a file of ${frames} frames or pages.`);
  return undefined;
}

function standardDeviation(values: Uint8Array): number {
  let sum = 0;
  let squares = 0;
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / values.length;
  return Math.sqrt(Math.max(0, squares / values.length - mean * mean));
}

function blank(deviation: number, least: number): Drop {
  return drop('BLANK', `Expected grey values that deviate by at least ${least} (validate.min_deviation), got ${deviation.toFixed(2)}.`);
}

function damaged(format: ImageFormat, bytes: Buffer, error: unknown): Drop {
  const reason = (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
  return drop('TRUNCATED', `Expected a whole ${format} file, got ${bytes.length} bytes that are cut off or damaged (${reason.trim()}).`);
}

function drop(code: string, message: string): Drop {
  return { code, message };
}
