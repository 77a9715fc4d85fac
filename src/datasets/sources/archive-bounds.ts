import { DatasetError } from '../errors.ts';

/** An archive has at most this many entries. */
export const MAX_ENTRIES = 1_000_000;

const MAX_RATIO = 200;
/** Up to here any ratio is fine: what is all one colour packs well. */
const FREE_BYTES = 100 * 1024 * 1024;

/** Watches what comes out of an archive; every method throws `DatasetError` `ARCHIVE_BOMB` when it is too much. */
export class ArchiveBounds {
  readonly #archive: { readonly uri: string; readonly bytes: number; readonly maxBytes: number };
  #bytes = 0;
  #entries = 0;

  /** `bytes`: of the archive as it is; `maxBytes`: of all that comes out of it. */
  constructor(archive: { readonly uri: string; readonly bytes: number; readonly maxBytes: number }) {
    this.#archive = archive;
  }

  addEntry(): void {
    this.#entries += 1;
    if (this.#entries > MAX_ENTRIES) throw this.bomb(`at most ${MAX_ENTRIES} entries, got more`);
  }

  addBytes(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#archive.maxBytes) throw this.bomb(`at most ${this.#archive.maxBytes} bytes in it, got more`);
    if (this.#bytes > FREE_BYTES && this.#bytes > MAX_RATIO * this.#archive.bytes)
      throw this.bomb(`content of at most ${MAX_RATIO} times the ${this.#archive.bytes} bytes of the archive, got more`);
  }

  bomb(problem: string): DatasetError {
    return new DatasetError('ARCHIVE_BOMB', `${this.#archive.uri}: expected ${problem}; it is not unpacked.`);
  }
}
