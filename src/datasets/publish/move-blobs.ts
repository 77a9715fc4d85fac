import { mkdir, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DatasetError } from '../errors.ts';
import { addNotes } from './blob-notes.ts';
import type { PublishRow, StorePath } from './publish-row.ts';

/** Files looked at, or moved, at a time. */
const AT_A_TIME = 64;

export interface BlobMove {
  readonly rows: readonly PublishRow[];
  readonly store: StorePath;
  /** File that says what was moved. */
  readonly notes: string;
  /** Called between handfuls of files; may throw to stop. */
  readonly pulse: () => Promise<void>;
}

/**
 * Moves what the store lacks of a dataset's images from the build into the store, each noted before it is moved. May be called again after
 * it was stopped anywhere. At its end all images are in the store.
 *
 * @throws DatasetError `BLOB_MISSING` when an image is neither here nor there.
 */
export async function moveBlobs(move: BlobMove): Promise<void> {
  const { store, notes } = move;
  const lacking = await lackingIn(move);
  await addNotes(
    notes,
    lacking.map(({ sha256 }) => sha256),
  );
  const folders = new Set(lacking.map(({ sha256 }) => dirname(store(sha256))));
  for (const folder of folders) await mkdir(folder, { recursive: true });
  await inHandfuls(lacking, move.pulse, async ({ blob, sha256 }) => {
    // Gone when an earlier attempt was stopped between its moves; whether all are there is looked at below.
    await rename(blob, store(sha256)).catch(passOverMissing);
  });
  const [missing] = await lackingIn(move);
  if (!missing) return;
  const { sha256, bytes, blob } = missing;
  throw new DatasetError(
    'BLOB_MISSING',
    `image ${sha256}: expected its ${bytes} bytes at ${blob} or ${store(sha256)}, found them at neither`,
  );
}

async function lackingIn({ rows, store, pulse }: BlobMove): Promise<PublishRow[]> {
  const there = new Set<PublishRow>();
  await inHandfuls(rows, pulse, async (row) => {
    const size = await sizeOf(store(row.sha256));
    if (size === row.bytes) there.add(row);
  });
  return rows.filter((row) => !there.has(row));
}

/** Null when there is no such file. */
async function sizeOf(file: string): Promise<number | null> {
  return stat(file).then(({ size }) => size, passOverMissing);
}

function passOverMissing(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
  throw error;
}

async function inHandfuls<T>(all: readonly T[], pulse: () => Promise<void>, work: (one: T) => Promise<void>): Promise<void> {
  for (let from = 0; from < all.length; from += AT_A_TIME) {
    await pulse();
    await Promise.all(all.slice(from, from + AT_A_TIME).map(work));
  }
}
