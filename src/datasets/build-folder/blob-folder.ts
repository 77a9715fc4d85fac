import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatasetError } from '../errors.ts';
import { buildPaths } from './paths.ts';

/** Content of the build. */
export interface Blob {
  /** In hex. */
  readonly sha256: string;
  readonly bytes: number;
}

/**
 * The content-addressed files of a build, `blobs/ab/cdef…`. A blob is written under another name and then renamed, so what is there
 * is whole; equal content is there once. Several workers may put the same content at once.
 */
export class BlobFolder {
  readonly #dir: string;
  readonly #made = new Set<string>();

  /** `folder`: of the build. */
  constructor(folder: string) {
    this.#dir = buildPaths(folder).blobs;
  }

  path(sha256: string): string {
    return join(this.#dir, sha256.slice(0, 2), sha256.slice(2));
  }

  async has(sha256: string): Promise<boolean> {
    return (await sizeOf(this.path(sha256))) !== null;
  }

  async put(content: Uint8Array): Promise<Blob> {
    const blob = { sha256: createHash('sha256').update(content).digest('hex'), bytes: content.byteLength };
    if (await this.#holds(blob)) return blob;
    return this.#write(async (temporary) => {
      await writeFile(temporary, content, { flag: 'wx' });
      return blob;
    });
  }

  /** Puts what comes, in constant memory. Throws `DatasetError` `TOO_LARGE` as soon as it is more than `maxBytes`. */
  async putStream(content: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Blob> {
    return this.#write((temporary) => writeHashed(temporary, content, maxBytes));
  }

  /** Puts a copy of a file; as `putStream`. */
  async putFile(file: string, maxBytes: number): Promise<Blob> {
    return this.putStream(createReadStream(file), maxBytes);
  }

  /** The length is compared too: after a power cut a file may be there and be empty. */
  async #holds({ sha256, bytes }: Blob): Promise<boolean> {
    return (await sizeOf(this.path(sha256))) === bytes;
  }

  async #write(write: (temporary: string) => Promise<Blob>): Promise<Blob> {
    await this.#make(this.#dir);
    const temporary = join(this.#dir, `${randomBytes(8).toString('hex')}.tmp`);
    try {
      const blob = await write(temporary);
      const file = this.path(blob.sha256);
      await this.#make(dirname(file));
      await rename(temporary, file);
      return blob;
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  async #make(dir: string): Promise<void> {
    if (this.#made.has(dir)) return;
    await mkdir(dir, { recursive: true });
    this.#made.add(dir);
  }
}

async function writeHashed(file: string, content: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Blob> {
  const hash = createHash('sha256');
  let bytes = 0;
  const handle = await open(file, 'wx');
  try {
    for await (const chunk of content) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) throw new DatasetError('TOO_LARGE', `expected at most ${maxBytes} bytes, got more`);
      hash.update(chunk);
      await handle.appendFile(chunk);
    }
  } finally {
    await handle.close();
  }
  return { sha256: hash.digest('hex'), bytes };
}

async function sizeOf(file: string): Promise<number | null> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
