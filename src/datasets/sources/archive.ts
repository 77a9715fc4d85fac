import { stat } from 'node:fs/promises';
import { BlobFolder } from '../build-folder/blob-folder.ts';
import { DatasetError } from '../errors.ts';
import { ArchiveBounds } from './archive-bounds.ts';
import type { ArchiveEntry } from './archive-entry.ts';
import { isHiddenName, nameRefusal, plainName } from './entry-name.ts';
import { isUrl, localCopy } from './local-copy.ts';
import { type FoundItem, refused, type SourceContext } from './source.ts';
import { tarEntries } from './tar.ts';
import { zipEntries } from './zip.ts';

/**
 * The files in an archive, unpacked into the blobs of the build as they are listed; folders and hidden files are skipped, archives
 * in it are files like others. Nothing is ever written under a name that the archive gives.
 *
 * @throws DatasetError `ARCHIVE_TYPE`, `ARCHIVE_BOMB`, `ARCHIVE_DAMAGED`, or as `localCopy`.
 */
export async function* archiveItems(
  { path, sha256 }: { readonly path: string; readonly sha256?: string | undefined },
  context: SourceContext,
): AsyncGenerator<FoundItem> {
  const type = archiveType(path);
  const file = await localCopy(path, context, sha256);
  const bounds = new ArchiveBounds({ uri: path, bytes: (await stat(file)).size, maxBytes: context.limits.max_source_bytes });
  const { onProgress, signal } = context;
  const entries = type === 'zip' ? zipEntries(file, bounds, tick) : tarEntries(file, { gzip: type === 'tar.gz', bounds, onProgress: tick });
  const blobs = new BlobFolder(context.folder);
  try {
    for await (const entry of entries) {
      if (entry.type !== 'folder' && !isSkipped(entry))
        yield await entryItem(entry, { archive: path, blobs, maxBytes: context.limits.max_bytes });
    }
  } catch (error) {
    throw signal.aborted ? error : asDamage(error, path);
  }

  function tick(): void {
    signal.throwIfAborted();
    onProgress();
  }
}

function archiveType(path: string): 'zip' | 'tar' | 'tar.gz' {
  const name = (isUrl(path) ? new URL(path).pathname : path).toLowerCase();
  if (name.endsWith('.zip')) return 'zip';
  if (name.endsWith('.tar')) return 'tar';
  if (name.endsWith('.tar.gz') || name.endsWith('.tgz')) return 'tar.gz';
  throw new DatasetError('ARCHIVE_TYPE', `Expected an archive that ends in .zip, .tar, .tar.gz or .tgz, got ${path}.`);
}

/** A forbidden name is told of, hidden or not. */
function isSkipped({ name }: ArchiveEntry): boolean {
  return nameRefusal(name) === null && isHiddenName(name);
}

interface Unpacking {
  readonly archive: string;
  readonly blobs: BlobFolder;
  /** Of one entry. */
  readonly maxBytes: number;
}

async function entryItem(entry: ArchiveEntry, { archive, blobs, maxBytes }: Unpacking): Promise<FoundItem> {
  const forbidden = nameRefusal(entry.name);
  if (forbidden !== null) return refused(`${archive}!/${entry.name.slice(0, 200)}`, 'FORBIDDEN_PATH', forbidden);
  const uri = `${archive}!/${plainName(entry.name)}`;
  if (entry.type === 'other') return refused(uri, 'NOT_A_FILE', 'expected a file in the archive, got a link or device');
  if (entry.bytes > maxBytes) return refused(uri, 'ARCHIVE_ENTRY_TOO_LARGE', `expected at most ${maxBytes} bytes, got ${entry.bytes}`);
  if (entry.unreadable !== null)
    return refused(uri, 'ARCHIVE_ENTRY_UNREADABLE', `expected a file that can be unpacked, but ${entry.unreadable}`);
  const { sha256: blob, bytes } = await blobs.putStream(await entry.open(), maxBytes);
  return { uri, from: { blob, bytes } };
}

/** What the readers of archives throw is about the archive; what the system says, as of a full disk, is not. */
function asDamage(error: unknown, path: string): unknown {
  if (error instanceof DatasetError || !(error instanceof Error) || 'syscall' in error) return error;
  return new DatasetError('ARCHIVE_DAMAGED', `${path}: expected a whole archive, but: ${error.message}`, { cause: error });
}
