import { crc32 } from 'node:zlib';
import { type Entry, getFileNameLowLevel, openPromise, type ZipFile } from 'yauzl';
import type { ArchiveBounds } from './archive-bounds.ts';
import type { ArchiveEntry } from './archive-entry.ts';

const FILE_TYPE = 0o170000;
const REGULAR = 0o100000;
const FOLDER = 0o040000;
const LOCAL_HEADER_BYTES = 30;

/** The entries of a zip in the order of its directory. Looks through the whole directory before it gives the first: bounds, overlaps. */
export async function* zipEntries(file: string, bounds: ArchiveBounds, onProgress: () => void): AsyncGenerator<ArchiveEntry> {
  await checkDirectory(file, bounds, onProgress);
  const zip = await openZip(file);
  for await (const entry of zip.eachEntry()) {
    yield {
      name: nameOf(entry),
      type: typeOf(entry),
      bytes: entry.uncompressedSize,
      unreadable: unreadable(entry),
      open: async () => checked(zip, entry),
    };
  }
}

async function openZip(file: string): Promise<ZipFile> {
  // Names are taken raw: yauzl refuses the whole archive for one forbidden name.
  return openPromise(file, { decodeStrings: false });
}

async function checkDirectory(file: string, bounds: ArchiveBounds, onProgress: () => void): Promise<void> {
  const zip = await openZip(file);
  const ranges: [start: number, end: number][] = [];
  for await (const entry of zip.eachEntry()) {
    bounds.addEntry();
    bounds.addBytes(entry.uncompressedSize);
    const start = entry.relativeOffsetOfLocalHeader;
    ranges.push([start, start + LOCAL_HEADER_BYTES + entry.fileNameRaw.length + entry.compressedSize]);
    onProgress();
  }
  ranges.sort(([a], [b]) => a - b);
  // Entries that share bytes are how a small zip becomes petabytes without archives in it.
  const overlaps = ranges.some(([start], index) => start < (ranges[index - 1]?.[1] ?? 0));
  if (overlaps) throw bounds.bomb('entries that do not overlap, got some that do');
}

function nameOf(entry: Entry): string {
  // Strict: a backslash stays one, to be refused.
  return getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, entry.extraFields, true);
}

function typeOf(entry: Entry): ArchiveEntry['type'] {
  const mode = (entry.externalFileAttributes >>> 16) & FILE_TYPE;
  if (mode === FOLDER || nameOf(entry).endsWith('/')) return 'folder';
  // Zero: made on a system without modes.
  return mode === REGULAR || mode === 0 ? 'file' : 'other';
}

function unreadable(entry: Entry): string | null {
  if (entry.isEncrypted()) return 'it is encrypted';
  return entry.canDecodeFileData() ? null : `it is compressed by method ${entry.compressionMethod}`;
}

async function* checked(zip: ZipFile, entry: Entry): AsyncGenerator<Uint8Array> {
  let checksum = 0;
  for await (const chunk of await zip.openReadStreamPromise(entry)) {
    checksum = crc32(chunk as Buffer, checksum);
    yield chunk as Buffer;
  }
  if (checksum !== entry.crc32)
    throw new Error(`expected the checksum ${entry.crc32} of ${JSON.stringify(nameOf(entry))}, got ${checksum}`);
}
