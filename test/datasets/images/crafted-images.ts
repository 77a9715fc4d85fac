import { crc32, deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import type { ImageRules } from '../../../src/contracts/dataset-build.ts';
import { datasetBuildInputSchema } from '../../../src/contracts/dataset-build-schema.ts';

/** The rules a build has when its input says nothing of them. */
export const defaultRules: ImageRules = datasetBuildInputSchema.parse({
  dataset: 'crafted',
  sources: [{ type: 'folder', path: 'crafted' }],
}).validate;

/** A picture with something to see everywhere, the same every time. */
export function picture(width: number, height: number, seed = 1): Sharp {
  const pixels = Buffer.alloc(width * height * 3);
  for (let at = 0; at < pixels.length; at++) {
    const x = Math.floor(at / 3) % width;
    const y = Math.floor(at / 3 / width);
    pixels[at] = 128 + 60 * Math.sin((x * seed) / 7 + (at % 3)) + 60 * Math.cos((y * (seed + 1)) / 11);
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

/** A PNG whose header gives a size; its pixels are black, and end after 100 kB. */
export function pngClaiming(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 0], 8);
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([signature, pngChunk('IHDR', header), pngChunk('IDAT', deflateSync(Buffer.alloc(100_000))), pngChunk('IEND')]);
}

export function pngChunk(type: string, data = Buffer.alloc(0)): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** The first part of a file. */
export function cut(bytes: Buffer, part: number): Buffer {
  return bytes.subarray(0, Math.floor(bytes.length * part));
}

/** Bytes in the middle of a file changed. */
export function scratched(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  for (let at = 0; at < 200; at++) copy[(copy.length >> 1) + at] = (copy[(copy.length >> 1) + at] ?? 0) ^ 0x5a;
  return copy;
}
