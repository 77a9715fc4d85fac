import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDatasetReference, type PublishedDataset } from '../../contracts/published-dataset.ts';

/** A version in the folder of published datasets. */
export interface PublishedFolder {
  readonly name: string;
  readonly version: number;
  /** Its path. */
  readonly folder: string;
}

/** Every published version, by name, then by number. Other things in the folder are passed over. */
export function listPublished(datasetsFolder: string): PublishedFolder[] {
  return namesIn(datasetsFolder)
    .toSorted()
    .flatMap((name) => versionsIn(datasetsFolder, name))
    .filter(({ folder }) => existsSync(join(folder, 'dataset.json')));
}

/** The folders of one dataset that have a version's number for a name, in its order. */
export function versionsIn(datasetsFolder: string, name: string): PublishedFolder[] {
  return namesIn(join(datasetsFolder, name))
    .flatMap((text) => parseDatasetReference(`${name}@${text}`)?.version ?? [])
    .toSorted((a, b) => a - b)
    .map((version) => ({ name, version, folder: folderOf(datasetsFolder, name, version) }));
}

/** Where a version is, or would be. */
export function folderOf(datasetsFolder: string, name: string, version: number): string {
  return join(datasetsFolder, name, String(version));
}

/** What `dataset.json` says; undefined when there is no such folder. Throws when the file is not readable as JSON. */
export function readPublished(folder: string): PublishedDataset | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'dataset.json'), 'utf8')) as PublishedDataset;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}
