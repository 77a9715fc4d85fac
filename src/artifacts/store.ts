import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const URI = /^artifact:sha256:([0-9a-f]{64})$/;

/** Content in the store. */
export interface Artifact {
  readonly sha256: string;
  /** `artifact:sha256:<hex>`; travels in inputs and results instead of the bytes. */
  readonly uri: string;
}

/** Thrown when an artifact is not there, is not what its name says, or its URI is none of ours. */
export class ArtifactError extends Error {
  override readonly name = 'ArtifactError';
}

/**
 * A content-addressed store in a folder that all workers share: `sha256/ab/cdef…`, and a folder of its own for each run under `runs/`.
 * Writes are atomic, so a reader sees all of a file or nothing.
 */
export class ArtifactStore {
  readonly #dir: string;

  /** `dir` is made when first written to. */
  constructor(dir: string) {
    this.#dir = dir;
  }

  async put(bytes: Uint8Array): Promise<Artifact> {
    const sha256 = sha256Of(bytes);
    const file = this.#fileOf(sha256);
    await mkdir(dirname(file), { recursive: true });
    await writeAtomically(file, bytes);
    return { sha256, uri: `artifact:sha256:${sha256}` };
  }

  /** The content behind a URI, checked against its hash. Throws `ArtifactError`. */
  async get(uri: string): Promise<Uint8Array> {
    const sha256 = hashIn(uri);
    const bytes = await readFile(this.#fileOf(sha256)).catch((cause: unknown) => {
      throw new ArtifactError(`expected ${uri} in ${this.#dir}, found none`, { cause });
    });
    const got = sha256Of(bytes);
    if (got !== sha256) throw new ArtifactError(`${uri}: expected content of that hash, got sha256 ${got}; the file is damaged`);
    return new Uint8Array(bytes);
  }

  /** Removes content; fine when it is not there. */
  async remove(uri: string): Promise<void> {
    await rm(this.#fileOf(hashIn(uri)), { force: true });
  }

  /** The folder of a run; not made. `name` is the run's id. */
  runFolder(name: string): string {
    if (!/^[A-Za-z0-9._:-]{1,200}$/.test(name) || /^\.+$/.test(name))
      throw new ArtifactError(`expected a run's id as folder name, got ${JSON.stringify(name)}`);
    return join(this.#dir, 'runs', name);
  }

  /** The folder of published datasets: `<name>/<version>`; not made. */
  get datasetsFolder(): string {
    return join(this.#dir, 'datasets');
  }

  /** Where content of this hash is, or would be. */
  pathOf(sha256: string): string {
    return this.#fileOf(sha256);
  }

  #fileOf(sha256: string): string {
    return join(this.#dir, 'sha256', sha256.slice(0, 2), sha256.slice(2));
  }
}

/** Writes a file in an existing folder: a reader, or a crash, sees the old content or the new, never a part. */
export async function writeAtomically(file: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${file}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    const handle = await open(temporary, 'wx');
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** SHA-256 in hex. */
export function sha256Of(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function hashIn(uri: string): string {
  const sha256 = URI.exec(uri)?.[1];
  if (sha256 === undefined) throw new ArtifactError(`expected artifact:sha256:<64 hex digits>, got ${JSON.stringify(uri)}`);
  return sha256;
}
