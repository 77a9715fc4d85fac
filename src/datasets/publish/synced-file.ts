import { createHash, type Hash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';

const BUFFER_BYTES = 1 << 20;

/** Hash and size of a file that was written. */
export interface WrittenFile {
  readonly sha256: string;
  readonly bytes: number;
}

/** Writes a file piece by piece, and to the disk before it answers, so that a folder with it can be shown to others by a rename. */
export async function writeSynced(
  file: string,
  pieces: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>,
): Promise<WrittenFile> {
  const handle = await open(file, 'w');
  try {
    const writer = new BufferedWriter(handle);
    for await (const piece of pieces) await writer.write(typeof piece === 'string' ? Buffer.from(piece) : piece);
    await writer.flush();
    await handle.sync();
    return writer.written();
  } finally {
    await handle.close();
  }
}

/** Lines and pixels are small; a call of the system for each would take most of the time. */
class BufferedWriter {
  readonly #handle: FileHandle;
  readonly #hash: Hash = createHash('sha256');
  #pieces: Uint8Array[] = [];
  #waiting = 0;
  #bytes = 0;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async write(piece: Uint8Array): Promise<void> {
    this.#pieces.push(piece);
    this.#waiting += piece.length;
    if (this.#waiting >= BUFFER_BYTES) await this.flush();
  }

  async flush(): Promise<void> {
    const content = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#waiting = 0;
    this.#bytes += content.length;
    this.#hash.update(content);
    await this.#handle.writeFile(content);
  }

  written(): WrittenFile {
    return { sha256: this.#hash.digest('hex'), bytes: this.#bytes };
  }
}
