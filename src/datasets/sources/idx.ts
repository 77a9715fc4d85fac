import { type FileHandle, open } from 'node:fs/promises';
import sharp from 'sharp';
import { BlobFolder } from '../build-folder/blob-folder.ts';
import { MAX_ITEMS } from '../build-folder/items.ts';
import { DatasetError } from '../errors.ts';
import { localCopy } from './local-copy.ts';
import type { FoundItem, SourceContext } from './source.ts';

const IMAGES_MAGIC = 0x00000803;
const LABELS_MAGIC = 0x00000801;
/** Encoded at a time, by sharp's own threads: at most so many images, of at most so many pixels together. */
const WINDOW_IMAGES = 32;
const WINDOW_PIXELS = 8 * 1024 * 1024;

/**
 * The images of an IDX file of unsigned bytes [count, height, width], each as grey PNG in the blobs of the build, with the labels of
 * the other file [count], which are digits as text.
 *
 * @throws DatasetError `IDX_FORMAT` when a header or length is wrong or the counts differ, or as `localCopy`.
 */
export async function* idxItems(
  source: { readonly images: string; readonly labels?: string | undefined },
  context: SourceContext,
): AsyncGenerator<FoundItem> {
  const images = await openIdx(source.images, IMAGES_MAGIC, context);
  try {
    checkShape(images, context.limits.max_bytes);
    const labels = source.labels === undefined ? null : await readLabels(source.labels, images.count, context);
    const blobs = new BlobFolder(context.folder);
    const window = Math.max(1, Math.min(WINDOW_IMAGES, Math.floor(WINDOW_PIXELS / (images.height * images.width))));
    for (let first = 0; first < images.count; first += window) {
      context.signal.throwIfAborted();
      const found = await putImages(images, { first, count: Math.min(window, images.count - first) }, blobs);
      for (const [index, from] of found.entries())
        yield { uri: `${source.images}#${first + index}`, from, label: labels?.[first + index]?.toString() };
    }
  } finally {
    await images.handle.close();
  }
}

interface IdxFile {
  readonly path: string;
  readonly handle: FileHandle;
  readonly headerBytes: number;
  readonly count: number;
  /** Of one image; 1 and 1 for labels. */
  readonly height: number;
  readonly width: number;
}

async function openIdx(path: string, magic: number, context: SourceContext): Promise<IdxFile> {
  const handle = await open(await localCopy(path, context));
  try {
    const dimensions = magic & 0xff;
    const headerBytes = 4 + 4 * dimensions;
    const header = await readExactly(handle, { path, start: 0, bytes: headerBytes });
    const got = header.readUInt32BE(0);
    if (got !== magic)
      throw idxError(path, `the magic number 0x${hex(magic)} (unsigned bytes in ${dimensions} dimensions), got 0x${hex(got)}${hint(got)}`);
    const [count = 0, height = 1, width = 1] = Array.from({ length: dimensions }, (_, index) => header.readUInt32BE(4 + 4 * index));
    const expected = headerBytes + count * height * width;
    const { size } = await handle.stat();
    if (size !== expected) throw idxError(path, `${expected} bytes for ${count} of ${height} by ${width}, got ${size}`);
    return { path, handle, headerBytes, count, height, width };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function checkShape({ path, count, height, width }: IdxFile, maxBytes: number): void {
  if (count > MAX_ITEMS) throw idxError(path, `at most ${MAX_ITEMS} images, got ${count}`);
  if (count === 0 || height === 0 || width === 0)
    throw idxError(path, `at least one image and one pixel, got ${count} of ${height} by ${width}`);
  if (height * width > maxBytes)
    throw idxError(path, `images of at most ${maxBytes} bytes (download.max_bytes), got ${height} by ${width}`);
}

async function readLabels(path: string, images: number, context: SourceContext): Promise<Buffer> {
  const { handle, count, headerBytes } = await openIdx(path, LABELS_MAGIC, context);
  try {
    if (count !== images) throw idxError(path, `a label for each of the ${images} images, got ${count}`);
    return await readExactly(handle, { path, start: headerBytes, bytes: count });
  } finally {
    await handle.close();
  }
}

async function putImages(
  { path, handle, headerBytes, height, width }: IdxFile,
  { first, count }: { readonly first: number; readonly count: number },
  blobs: BlobFolder,
): Promise<readonly FoundItem['from'][]> {
  const size = height * width;
  const pixels = await readExactly(handle, { path, start: headerBytes + first * size, bytes: count * size });
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const image = sharp(pixels.subarray(index * size, (index + 1) * size), { raw: { width, height, channels: 1 } });
      const { sha256: blob, bytes } = await blobs.put(await image.toColourspace('b-w').png().toBuffer());
      return { blob, bytes };
    }),
  );
}

async function readExactly(handle: FileHandle, range: { path: string; start: number; bytes: number }): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(range.bytes), 0, range.bytes, range.start);
  if (bytesRead < range.bytes) throw idxError(range.path, `${range.bytes} bytes from ${range.start} on, got ${bytesRead}`);
  return buffer;
}

function idxError(path: string, problem: string): DatasetError {
  return new DatasetError('IDX_FORMAT', `${path}: expected ${problem}.`);
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}

function hint(magic: number): string {
  return magic >>> 16 === 0x1f8b ? '; it is in gzip, unpack it first' : '';
}
