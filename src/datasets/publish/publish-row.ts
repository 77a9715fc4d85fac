import { access } from 'node:fs/promises';
import type { ImageFormat, SplitName } from '../../contracts/dataset-build.ts';
import { DatasetError } from '../errors.ts';

/** One image of a dataset that is to be published; there is one row for each content. */
export interface PublishRow {
  /** Of its bytes, in hex. */
  readonly sha256: string;
  readonly bytes: number;
  readonly format: ImageFormat;
  readonly width: number;
  readonly height: number;
  /** As decoded: 1 or 2 are grey. */
  readonly channels: number;
  /** Null in a dataset without labels. */
  readonly label: string | null;
  readonly split: SplitName;
  /** Where it was found; at least one place. */
  readonly uris: readonly string[];
  /** Path of its bytes in the folder of the build. */
  readonly blob: string;
}

/** Where the store has, or would have, the content of a hash. */
export type StorePath = (sha256: string) => string;

/** Place of content in the store, relative to the folder of artifacts. */
export function storedFile(sha256: string): string {
  return `sha256/${sha256.slice(0, 2)}/${sha256.slice(2)}`;
}

/** Path of an image's bytes: in the build, or in the store when an earlier attempt has moved them. Throws `BLOB_MISSING`. */
export async function blobPath(row: PublishRow, store: StorePath): Promise<string> {
  for (const path of [row.blob, store(row.sha256)]) {
    if (await exists(path)) return path;
  }
  const message = `image ${row.sha256} of ${row.uris[0] ?? 'nowhere'}: expected its bytes at ${row.blob} or in the store, found none`;
  throw new DatasetError('BLOB_MISSING', message);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
