import { mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readJsonLines } from '../build-folder/json-lines.ts';
import { addNotes, VERSION_NOTES } from './blob-notes.ts';
import type { StorePath } from './publish-row.ts';
import type { PublishedFolder } from './published-folders.ts';

export interface BlobRelease {
  /** What is no longer needed by whom it belonged to. */
  readonly hashes: ReadonlySet<string>;
  /** All versions that stay. */
  readonly others: readonly PublishedFolder[];
  readonly store: StorePath;
  /** Where it came from, in the folder of the build. */
  readonly back: StorePath;
  /** Called between handfuls of files; may throw to stop. */
  readonly pulse: () => Promise<void>;
}

/**
 * Moves content from the store back into the build, which may publish again, but for what another published version refers to: that is
 * noted as belonging to it from now on.
 */
export async function releaseBlobs({ hashes, others, store, back, pulse }: BlobRelease): Promise<void> {
  const free = new Set(hashes);
  for (const { folder } of others) {
    if (free.size === 0) return;
    const needed = await referredTo(join(folder, 'manifest.jsonl'), free, pulse);
    await addNotes(join(folder, VERSION_NOTES), needed);
    for (const sha256 of needed) free.delete(sha256);
  }
  const folders = new Set([...free].map((sha256) => dirname(back(sha256))));
  for (const folder of folders) await mkdir(folder, { recursive: true });
  for (const sha256 of free) {
    await pulse();
    await rename(store(sha256), back(sha256)).catch(passOverMissing);
  }
}

async function referredTo(manifest: string, hashes: ReadonlySet<string>, pulse: () => Promise<void>): Promise<string[]> {
  const found: string[] = [];
  for await (const { sha256 } of readJsonLines<{ readonly sha256: string }>(manifest)) {
    if (hashes.has(sha256)) found.push(sha256);
    await pulse();
  }
  return found;
}

/** It was never moved to the store, or an earlier try has moved it back. */
function passOverMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
