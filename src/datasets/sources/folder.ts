import type { Dirent } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MAX_ITEMS } from '../build-folder/items.ts';
import { DatasetError } from '../errors.ts';
import { type FoundItem, refused, type SourceContext } from './source.ts';

/**
 * The files below a folder, sorted by path; hidden ones are skipped. Links to files count while they lead to below the roots; links
 * to folders are refused, so that no file is listed twice and no walk is endless.
 *
 * @throws DatasetError `FORBIDDEN_PATH`, `FILE_MISSING`, `NOT_A_FOLDER`, `TOO_MANY_ITEMS`.
 */
export async function* folderItems(path: string, context: SourceContext): AsyncGenerator<FoundItem> {
  const dir = await context.roots.real(path);
  if (!(await stat(dir)).isDirectory())
    throw new DatasetError(
      'NOT_A_FOLDER',
      `Expected a folder at ${path}, got a file; a list, manifest or archive is a source of its own type.`,
    );
  yield* walk({ dir, uri: path.replace(/\/+$/, '') }, context);
}

/** A folder and how people call it. */
interface Place {
  readonly dir: string;
  readonly uri: string;
}

async function* walk(place: Place, context: SourceContext): AsyncGenerator<FoundItem> {
  for (const entry of await sortedEntries(place.dir, context)) {
    const inside = { dir: join(place.dir, entry.name), uri: `${place.uri}/${entry.name}` };
    if (entry.isDirectory()) yield* walk(inside, context);
    else if (entry.isFile()) yield { uri: inside.uri, from: { file: inside.dir } };
    else if (entry.isSymbolicLink()) yield await linkedItem(inside, context);
    else yield refused(inside.uri, 'NOT_A_FILE', 'expected a file, got a device, pipe or socket');
  }
}

async function sortedEntries(dir: string, context: SourceContext): Promise<readonly Dirent[]> {
  const entries: Dirent[] = [];
  for await (const entry of await opendir(dir, { bufferSize: 1024 })) {
    if (entry.name.startsWith('.')) continue;
    if (entries.length >= MAX_ITEMS) throw new DatasetError('TOO_MANY_ITEMS', `Expected at most ${MAX_ITEMS} files in ${dir}, got more.`);
    entries.push(entry);
    context.onProgress();
    context.signal.throwIfAborted();
  }
  // With its slash a folder stands where its files do in the order of whole paths.
  const key = (entry: Dirent): string => (entry.isDirectory() ? `${entry.name}/` : entry.name);
  return entries.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

async function linkedItem({ dir, uri }: Place, context: SourceContext): Promise<FoundItem> {
  try {
    const file = await context.roots.real(dir);
    if ((await stat(file)).isFile()) return { uri, from: { file } };
    return refused(uri, 'NOT_A_FILE', 'expected a file, got a link to a folder or device; name a linked folder as a source of its own');
  } catch (error) {
    if (error instanceof DatasetError) return refused(uri, error.code, error.message);
    throw error;
  }
}
