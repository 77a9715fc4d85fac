import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SPLIT_NAMES, type PixelShape } from '../../contracts/dataset-build.ts';
import { DatasetError } from '../errors.ts';
import { imagePixels } from './image-pixels.ts';
import { blobPath, type PublishRow, type StorePath } from './publish-row.ts';
import { writeSynced } from './synced-file.ts';

/** Labels are bytes. */
export const CLASSES_MAX = 256;
/** Longest side of images whose pixels are kept without being asked for: what networks take. */
const SIDE_MAX = 256;
/** Images decoded at a time. */
const DECODE = 16;
const UNSIGNED_BYTES = 8;

/**
 * The shape of the pixels of a dataset: the one asked for, else the one that all images share, else null. Throws `TOO_MANY_CLASSES` when
 * one is asked for and there are over 256 classes.
 */
export function pixelShapeOf(rows: readonly PublishRow[], classes: readonly string[], asked: PixelShape | undefined): PixelShape | null {
  if (asked && classes.length > CLASSES_MAX) {
    const message = `expected at most ${CLASSES_MAX} classes in a dataset with pixels, got ${classes.length}; map labels to fewer, or leave pixels out`;
    throw new DatasetError('TOO_MANY_CLASSES', message);
  }
  return asked ?? (classes.length <= CLASSES_MAX ? sharedShape(rows) : null);
}

function sharedShape([first, ...others]: readonly PublishRow[]): PixelShape | null {
  if (!first) return null;
  const { width, height } = first;
  if (Math.max(width, height) > SIDE_MAX || others.some((row) => row.width !== width || row.height !== height)) return null;
  const grey = [first, ...others].every(({ channels }) => channels <= 2);
  return { width, height, channels: grey ? 1 : 3 };
}

/** What the pixels are made from. */
export interface PixelSource {
  /** In the order of the manifest, which is theirs in each split. */
  readonly rows: readonly PublishRow[];
  readonly classes: readonly string[];
  readonly shape: PixelShape;
  readonly store: StorePath;
  /** Called with each image that is done; may throw to stop. */
  readonly onImage: () => void;
}

/** Writes `pixels/<split>-images.idx` and, when there are labels, `pixels/<split>-labels.idx`. Answers the hash of each by its path. */
export async function writePixels(folder: string, source: PixelSource): Promise<{ readonly [path: string]: string }> {
  const { rows, classes, shape } = source;
  await mkdir(join(folder, 'pixels'));
  const classOf = new Map(classes.map((label, idx) => [label, idx]));
  const hashes: Record<string, string> = {};
  for (const split of SPLIT_NAMES) {
    const part = rows.filter((row) => row.split === split);
    const images = `pixels/${split}-images.idx`;
    const dimensions = [part.length, shape.height, shape.width, ...(shape.channels === 1 ? [] : [shape.channels])];
    hashes[images] = (await writeSynced(join(folder, images), idxFile(dimensions, decoded(part, source)))).sha256;
    if (classes.length === 0) continue;
    const labels = `pixels/${split}-labels.idx`;
    const values = Uint8Array.from(part, ({ label }) => classOf.get(label ?? '') ?? 0);
    hashes[labels] = (await writeSynced(join(folder, labels), idxFile([part.length], [values]))).sha256;
  }
  return hashes;
}

// Two zero bytes, the type of the values, the number of dimensions, each dimension (uint32, big endian), then the values.
async function* idxFile(
  dimensions: readonly number[],
  values: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const header = Buffer.alloc(4 + 4 * dimensions.length);
  header.set([0, 0, UNSIGNED_BYTES, dimensions.length]);
  for (const [at, length] of dimensions.entries()) header.writeUInt32BE(length, 4 + 4 * at);
  yield header;
  yield* values;
}

async function* decoded(rows: readonly PublishRow[], { shape, store, onImage }: PixelSource): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < rows.length; from += DECODE) {
    const batch = rows.slice(from, from + DECODE).map((row) => pixelsOf(row, shape, store));
    for (const pixels of await Promise.all(batch)) {
      onImage();
      yield pixels;
    }
  }
}

// It was decoded before, when it was validated; its size is known from there, and bounds what it may take now.
async function pixelsOf(row: PublishRow, shape: PixelShape, store: StorePath): Promise<Uint8Array> {
  const path = await blobPath(row, store);
  return imagePixels(path, shape, { limitInputPixels: row.width * row.height, failOn: 'none' }).catch((cause: unknown) => {
    throw new DatasetError(
      'PIXELS_UNREADABLE',
      `image ${row.sha256}: expected one that can be decoded, as it was before: ${String(cause)}`,
      { cause },
    );
  });
}
