import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

const BUFFER_BYTES = 256 * 1024;

/**
 * A file that is written in pieces and appears at once: until `commit` it has another name, so a reader, or a crash, sees the old
 * content or the new. Makes the folder. `discard` after `commit` does nothing, so it belongs in a `finally`.
 */
export class AtomicFile {
  readonly #file: string;
  readonly #temporary: string;
  readonly #handle: Awaited<ReturnType<typeof open>>;
  #pending: string[] = [];
  #pendingLength = 0;
  #closed = false;

  private constructor(file: string, temporary: string, handle: Awaited<ReturnType<typeof open>>) {
    this.#file = file;
    this.#temporary = temporary;
    this.#handle = handle;
  }

  static async open(file: string): Promise<AtomicFile> {
    await mkdir(dirname(file), { recursive: true });
    const temporary = `${file}.${randomBytes(4).toString('hex')}.tmp`;
    return new AtomicFile(file, temporary, await open(temporary, 'wx'));
  }

  async write(text: string): Promise<void> {
    this.#pending.push(text);
    this.#pendingLength += text.length;
    if (this.#pendingLength >= BUFFER_BYTES) await this.#flush();
  }

  async commit(): Promise<void> {
    await this.#flush();
    await this.#handle.sync();
    await this.#close();
    await rename(this.#temporary, this.#file);
  }

  async discard(): Promise<void> {
    await this.#close();
    await rm(this.#temporary, { force: true });
  }

  async #flush(): Promise<void> {
    const text = this.#pending.join('');
    this.#pending = [];
    this.#pendingLength = 0;
    await this.#handle.writeFile(text);
  }

  async #close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#handle.close();
  }
}

/** Writes a whole small file atomically. */
export async function writeTextAtomically(file: string, text: string): Promise<void> {
  const output = await AtomicFile.open(file);
  try {
    await output.write(text);
    await output.commit();
  } finally {
    await output.discard();
  }
}
