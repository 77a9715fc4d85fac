import { open, readFile } from 'node:fs/promises';

/** In the folder of a build: the content that it brought into the store, noted before it is moved there. */
export const BUILD_NOTES = 'store-new.jsonl';
/** In the folder of a version: the content that goes when the version goes, unless another version refers to it. */
export const VERSION_NOTES = 'owned-blobs.jsonl';

/** The hashes noted in a file; none when it is not there. A line that a crash cut off is passed over: its content was not moved. */
export async function readNotes(file: string): Promise<ReadonlySet<string>> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  });
  return new Set(text.split('\n').flatMap((line) => /^\{"sha256":"([0-9a-f]{64})"\}$/.exec(line)?.[1] ?? []));
}

/** Adds hashes to a file of notes; they are on the disk when it answers. */
export async function addNotes(file: string, hashes: Iterable<string>): Promise<void> {
  const lines = [...hashes].map(noteLine);
  if (lines.length === 0) return;
  const handle = await open(file, 'a');
  try {
    // What a crash cut off stays a line of its own.
    await handle.writeFile(`\n${lines.join('')}`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A line of a file of notes. */
export function noteLine(sha256: string): string {
  return `{"sha256":"${sha256}"}\n`;
}
