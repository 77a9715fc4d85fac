import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { buildPaths } from '../build-folder/paths.ts';
import { DatasetError } from '../errors.ts';
import type { SourceContext } from './source.ts';

/** Whether a source is somewhere else than on the worker. */
export function isUrl(location: string): boolean {
  return /^https?:\/\//i.test(location);
}

/**
 * The file of a list, manifest, archive or IDX: a path below the roots, or a URL, which is fetched once for the build.
 *
 * @throws DatasetError `FORBIDDEN_PATH`, `FILE_MISSING`, `NOT_A_FILE`, `TOO_LARGE`, `HASH_MISMATCH`, or what the fetch threw.
 */
export async function localCopy(location: string, context: SourceContext, sha256?: string): Promise<string> {
  const file = isUrl(location) ? await fetchedFile(location, context, sha256) : await context.roots.real(location);
  const { size, isFile } = await stat(file).then((stats) => ({ size: stats.size, isFile: stats.isFile() }));
  if (!isFile) throw new DatasetError('NOT_A_FILE', `Expected a file at ${location}, got a folder or device.`);
  if (size > context.limits.max_source_bytes) {
    const message = `${location}: expected at most ${context.limits.max_source_bytes} bytes, got ${size}. Raise download.max_source_bytes if that is right.`;
    throw new DatasetError('TOO_LARGE', message);
  }
  if (sha256 !== undefined) await checkHash(file, { location, sha256 }, context);
  return file;
}

async function fetchedFile(url: string, context: SourceContext, sha256: string | undefined): Promise<string> {
  const dir = buildPaths(context.folder).fetched;
  const file = join(dir, createHash('sha256').update(url).digest('hex'));
  if (await exists(file)) return file;
  await mkdir(dir, { recursive: true });
  const { signal, onProgress, limits } = context;
  await context.fetchToFile(url, file, { maxBytes: limits.max_source_bytes, sha256: sha256 ?? null, signal, onProgress });
  return file;
}

async function checkHash(file: string, expected: { location: string; sha256: string }, context: SourceContext): Promise<void> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { signal: context.signal })) {
    hash.update(chunk as Buffer);
    context.onProgress();
  }
  const got = hash.digest('hex');
  if (got === expected.sha256) return;
  if (isUrl(expected.location)) await rm(file, { force: true });
  throw new DatasetError(
    'HASH_MISMATCH',
    `${expected.location}: expected sha256 ${expected.sha256}, got ${got}. The content is not what was asked for.`,
  );
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
}
