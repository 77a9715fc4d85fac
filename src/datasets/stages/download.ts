import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { DatasetItem, DownloadLine, DownloadRules, Drop } from '../../contracts/dataset-build.ts';
import type { BlobFolder } from '../build-folder/blob-folder.ts';
import { DatasetError } from '../errors.ts';
import type { Fetcher } from '../fetch/fetcher.ts';
import type { Roots } from '../sources/roots.ts';

/** What having an image takes. */
export interface DownloadContext {
  readonly blobs: BlobFolder;
  readonly fetcher: Pick<Fetcher, 'fetchImage'>;
  readonly roots: Roots;
  readonly rules: Pick<DownloadRules, 'max_bytes'>;
}

type Had = { readonly bytes: Buffer } | { readonly drop: Drop };

/** Brings the bytes of one item into the blobs; what is wrong with it is a drop. Throws the reason of `signal`, or what is wrong with the disk. */
export async function downloadItem(context: DownloadContext, item: DatasetItem, signal: AbortSignal): Promise<DownloadLine> {
  const { n, from, drop, sha256 } = item;
  if (from === null) return { n, drop: drop ?? { code: 'FILE_MISSING', message: `${item.uri}: nothing says where it is` } };
  if ('blob' in from) return { n, sha256: from.blob, bytes: from.bytes };
  const had = 'url' in from ? await context.fetcher.fetchImage(from.url, { sha256, signal }) : await readImage(context, from.file, sha256);
  if ('drop' in had) return { n, drop: had.drop };
  return { n, ...(await context.blobs.put(had.bytes)) };
}

async function readImage({ roots, rules }: DownloadContext, path: string, sha256: string | null): Promise<Had> {
  try {
    const bytes = await readBounded(await roots.real(path), rules.max_bytes);
    const got = createHash('sha256').update(bytes).digest('hex');
    if (sha256 !== null && got !== sha256) return dropped('HASH_MISMATCH', `${path}: expected sha256 ${sha256}, got ${got}`);
    return { bytes };
  } catch (error) {
    if (error instanceof DatasetError) return dropped(error.code, error.message);
    if (isOfTheFile(error)) return dropped('FILE_MISSING', `${path} cannot be read: ${error.code}`);
    throw error;
  }
}

async function readBounded(file: string, maxBytes: number): Promise<Buffer> {
  // Opening a pipe would wait for ever for someone who writes to it.
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = await handle.stat();
    const { size } = stats;
    if (!stats.isFile()) throw new DatasetError('NOT_A_FILE', `${file}: expected a file, got a folder, device or pipe`);
    if (size > maxBytes)
      throw new DatasetError('TOO_LARGE', `${file}: expected at most ${maxBytes} bytes (download.max_bytes), got ${size}`);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** Not: too many open files, a broken disk. */
function isOfTheFile(error: unknown): error is NodeJS.ErrnoException {
  return ['ENOENT', 'EACCES', 'EPERM', 'EISDIR', 'ENOTDIR', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '');
}

function dropped(code: string, message: string): Had {
  return { drop: { code, message } };
}
