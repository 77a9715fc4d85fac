import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { type Header, extract } from 'tar-stream';
import type { ArchiveBounds } from './archive-bounds.ts';
import type { ArchiveEntry } from './archive-entry.ts';

const CHUNK_BYTES = 256 * 1024;

/** The entries of a tar, or of a tar in gzip, in their order, streamed. */
export async function* tarEntries(
  file: string,
  { gzip, bounds, onProgress }: { readonly gzip: boolean; readonly bounds: ArchiveBounds; readonly onProgress: () => void },
): AsyncGenerator<ArchiveEntry> {
  const entries = extract();
  const count = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      bounds.addBytes(chunk.length);
      onProgress();
      yield chunk;
    }
  };
  const input = createReadStream(file, { highWaterMark: CHUNK_BYTES });
  const unpacked = gzip ? pipeline(input, createGunzip({ chunkSize: CHUNK_BYTES }), count, entries) : pipeline(input, count, entries);
  // Its errors come out of the loop below as well; whoever stops reading gets none.
  unpacked.catch(() => undefined);
  for await (const entry of entries) {
    bounds.addEntry();
    yield {
      name: entry.header.name,
      type: typeOf(entry.header),
      bytes: entry.header.size,
      unreadable: null,
      open: async () => entry as AsyncIterable<Uint8Array>,
    };
    entry.resume();
  }
  await unpacked;
}

function typeOf({ type, name }: Header): ArchiveEntry['type'] {
  // Old tars mark folders by the slash only.
  if (type === 'directory' || (type === 'file' && name.endsWith('/'))) return 'folder';
  return type === 'file' ? 'file' : 'other';
}
