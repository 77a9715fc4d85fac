import { readFile } from 'node:fs/promises';
import type { ImageRules, ValidateLine } from '../../contracts/dataset-build.ts';
import type { BlobFolder } from '../build-folder/blob-folder.ts';
import { buildPaths } from '../build-folder/paths.ts';
import { readJsonLines } from '../build-folder/json-lines.ts';
import { inspectImage } from '../images/inspect.ts';

/** An image that was had. */
export interface Downloaded {
  readonly n: number;
  readonly sha256: string;
  readonly bytes: number;
}

/** The items of a batch that were had, in order. */
export async function downloadedOf(folder: string, batch: number): Promise<readonly Downloaded[]> {
  const had: Downloaded[] = [];
  for await (const line of readJsonLines<Partial<Downloaded>>(buildPaths(folder).batch('download', batch)))
    if (line.sha256 !== undefined) had.push(line as Downloaded);
  return had;
}

/** Decodes one image that was had. */
export async function validateItem(blobs: BlobFolder, rules: ImageRules, { n, sha256 }: Downloaded): Promise<ValidateLine> {
  return { n, ...(await inspectImage(await readFile(blobs.path(sha256)), rules)) };
}
