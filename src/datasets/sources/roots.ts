import { realpath } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import { DatasetError } from '../errors.ts';

/** The folders of the worker that builds may read. */
export class Roots {
  readonly #dirs: readonly string[];
  readonly #real: readonly string[];

  private constructor(dirs: readonly string[], real: readonly string[]) {
    this.#dirs = dirs;
    this.#real = real;
  }

  /** A root that does not exist allows nothing. */
  static async open(dirs: readonly string[]): Promise<Roots> {
    const real = await Promise.all(dirs.map((dir) => realpath(dir).catch(() => null)));
    return new Roots(
      dirs,
      real.filter((dir) => dir !== null),
    );
  }

  /** A path that is not absolute is below the first root. */
  resolve(path: string): string {
    return resolve(this.#dirs[0] ?? '.', path);
  }

  /**
   * Where the path leads, links followed.
   *
   * @throws DatasetError `FILE_MISSING` when it leads nowhere, `FORBIDDEN_PATH` when it leads out of the roots.
   */
  async real(path: string): Promise<string> {
    if (path.includes('\0')) throw this.#forbidden(path, 'it has a NUL in it');
    const real = await realpath(this.resolve(path)).catch((cause: NodeJS.ErrnoException) => {
      throw this.#notReached(path, cause);
    });
    if (!this.#real.some((root) => real === root || real.startsWith(root.endsWith(sep) ? root : root + sep)))
      throw this.#forbidden(path, `it leads to ${real}`);
    return real;
  }

  #notReached(path: string, cause: NodeJS.ErrnoException): Error {
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR')
      return new DatasetError('FILE_MISSING', `Expected something at ${this.resolve(path)} on the worker, found nothing.`, { cause });
    if (cause.code === 'ELOOP' || cause.code === 'ENAMETOOLONG') return this.#forbidden(path, cause.code);
    return cause;
  }

  #forbidden(path: string, why: string): DatasetError {
    const message = `Expected a path below ${this.#dirs.join(', ')}, got ${JSON.stringify(path)}: ${why}. Move it there, or add its folder to CEREBROS_DATASET_ROOTS of the worker.`;
    return new DatasetError('FORBIDDEN_PATH', message);
  }
}
