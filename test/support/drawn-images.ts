import { deflateSync } from 'node:zlib';
import { pngChunk } from '../datasets/images/crafted-images.ts';
import { seeded } from './seeded.ts';

/** Grey values of an image are drawn on a grid of so many fields a side. */
const FIELDS = 16;

/** A grey PNG of fields drawn by chance, the same for the same seed: no two of them look the same. `side`: a multiple of 16. */
export function drawnPng(seed: number, side = FIELDS): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header.set([8, 0], 8);
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  const pixels = deflateSync(drawnRows(seed, side), { level: 1 });
  return Buffer.concat([signature, pngChunk('IHDR', header), pngChunk('IDAT', pixels), pngChunk('IEND')]);
}

/** IDX files as MNIST's: images of 16×16, and their labels. */
export function drawnIdx(
  seeds: readonly number[],
  labelOf: (seed: number) => number,
): { readonly images: Buffer; readonly labels: Buffer } {
  const head = (magic: number, ...sizes: readonly number[]): Buffer => {
    const bytes = Buffer.alloc(4 + 4 * sizes.length);
    for (const [at, value] of [magic, ...sizes].entries()) bytes.writeUInt32BE(value, 4 * at);
    return bytes;
  };
  return {
    images: Buffer.concat([head(0x803, seeds.length, FIELDS, FIELDS), ...seeds.map((seed) => fieldsOf(seed))]),
    labels: Buffer.concat([head(0x801, seeds.length), Buffer.from(seeds.map(labelOf))]),
  };
}

function fieldsOf(seed: number): Buffer {
  const random = seeded(seed);
  return Buffer.from(Array.from({ length: FIELDS * FIELDS }, () => Math.floor(random() * 256)));
}

/** Each row begins with its filter: none. */
function drawnRows(seed: number, side: number): Buffer {
  const fields = fieldsOf(seed);
  const size = side / FIELDS;
  const rows = Buffer.alloc(side * (side + 1));
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) rows[y * (side + 1) + 1 + x] = fields[Math.floor(y / size) * FIELDS + Math.floor(x / size)] ?? 0;
  return rows;
}
