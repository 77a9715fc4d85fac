import { join } from 'node:path';
import { DatasetError } from '../errors.ts';
import { storedFile, type PublishRow } from './publish-row.ts';
import { writeSynced } from './synced-file.ts';

/** Rows by their hash, which is the order of everything that is published. Throws `NO_IMAGES`, and `DUPLICATE_CONTENT` when two rows have one hash. */
export function inManifestOrder(rows: readonly PublishRow[]): readonly PublishRow[] {
  if (rows.length === 0)
    throw new DatasetError('NO_IMAGES', 'expected at least one image to publish, got none: all were dropped, see the counts');
  const sorted = rows.toSorted((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
  const twice = sorted.find((row, at) => row.sha256 === sorted[at + 1]?.sha256);
  if (twice) throw new DatasetError('DUPLICATE_CONTENT', `expected each image once, got ${twice.sha256} twice`);
  return sorted;
}

/**
 * Writes `manifest.jsonl`, one image a line, and answers its hash. It says nothing but what the content is, in one spelling, so that equal
 * content gives equal bytes.
 */
export async function writeManifest(folder: string, rows: readonly PublishRow[]): Promise<string> {
  const { sha256 } = await writeSynced(join(folder, 'manifest.jsonl'), manifestLines(rows));
  return sha256;
}

/** Writes `sources.jsonl`: where each image was found, a line for each place. */
export async function writeSources(folder: string, rows: readonly PublishRow[]): Promise<void> {
  await writeSynced(join(folder, 'sources.jsonl'), sourceLines(rows));
}

function* manifestLines(rows: readonly PublishRow[]): Generator<string> {
  for (const row of rows) yield manifestLine(row);
}

function* sourceLines(rows: readonly PublishRow[]): Generator<string> {
  for (const { sha256, uris } of rows) for (const uri of [...new Set(uris)].toSorted()) yield line({ sha256, uri });
}

// Keys in alphabetical order: this is the canonical form.
function manifestLine({ bytes, format, height, label, sha256, split, width }: PublishRow): string {
  return line({ bytes, file: storedFile(sha256), format, height, label, sha256, split, width });
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}
