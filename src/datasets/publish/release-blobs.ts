import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { addNotes, VERSION_NOTES } from './blob-notes.ts';
import type { StorePath } from './publish-row.ts';
import type { PublishedFolder } from './published-folders.ts';

export interface BlobRelease {
  /** What is no longer needed by whom it belonged to. */
  readonly hashes: ReadonlySet<string>;
  /** All versions that stay. */
  readonly others: readonly PublishedFolder[];
  readonly store: StorePath;
  /** Called between handfuls of files; may throw to stop. */
  readonly pulse: () => Promise<void>;
}

/** Removes content from the store, but for what another published version refers to: that is noted as belonging to it from now on. */
export async function releaseBlobs({ hashes, others, store, pulse }: BlobRelease): Promise<void> {
  const free = new Set(hashes);
  for (const { folder } of others) {
    if (free.size === 0) return;
    const needed = await referredTo(join(folder, 'manifest.jsonl'), free, pulse);
    await addNotes(join(folder, VERSION_NOTES), needed);
    for (const sha256 of needed) free.delete(sha256);
  }
  for (const sha256 of free) {
    await pulse();
    await rm(store(sha256), { force: true });
  }
}

async function referredTo(manifest: string, hashes: ReadonlySet<string>, pulse: () => Promise<void>): Promise<string[]> {
  const found: string[] = [];
  for await (const line of createInterface({ input: createReadStream(manifest), crlfDelay: Infinity })) {
    const { sha256 } = JSON.parse(line) as { readonly sha256: string };
    if (hashes.has(sha256)) found.push(sha256);
    await pulse();
  }
  return found;
}
