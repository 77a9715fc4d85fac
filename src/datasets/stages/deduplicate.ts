import { readFile } from 'node:fs/promises';
import type { DatasetBuildInput, LabelConflict, StageCounts } from '../../contracts/dataset-build.ts';
import { addCounts, NO_COUNTS } from '../../contracts/dataset-stage.ts';
import { writeTextAtomically } from '../build-folder/atomic-file.ts';
import { countLines } from '../build-folder/counts.ts';
import { readJsonLines, writeJsonLines } from '../build-folder/json-lines.ts';
import { buildPaths } from '../build-folder/paths.ts';
import { findDuplicates, type ComparedImage, type DuplicateDrop } from '../duplicates/find-duplicates.ts';
import { readImages } from './images.ts';

/** One line of `deduplicate.jsonl`: an image that goes, and the one that stays for it. */
export type DuplicateLine = Pick<DuplicateDrop, 'n' | 'of'> & {
  readonly drop: { readonly code: DuplicateDrop['code']; readonly message: string };
};

/** Finds the duplicates among all images of a build. The same at every call. */
export async function deduplicate(folder: string, { deduplicate: rules }: DatasetBuildInput, signal: AbortSignal): Promise<StageCounts> {
  const images: ComparedImage[] = [];
  let bytes = 0;
  for await (const { item, sha256, bytes: size, facts } of readImages(folder, signal)) {
    images.push({ n: item.n, sha256, facts, split: item.split, label: item.label, uri: item.uri });
    bytes += size;
  }
  const { drops, label_conflicts } = await findDuplicates(images, rules, signal);
  const lines = drops.map(({ n, of, code, message }): DuplicateLine => ({ n, of, drop: { code, message } }));
  const { conflicts, deduplicate: file } = buildPaths(folder);
  await writeTextAtomically(conflicts, `${JSON.stringify(label_conflicts)}\n`);
  await writeJsonLines(file, lines);
  const { reasons } = countLines(lines);
  const out = images.length - lines.length;
  return addCounts(NO_COUNTS, {
    in: images.length,
    out,
    dropped: lines.length,
    reasons,
    bytes: await bytesKept(folder, { bytes, lines }, signal),
  });
}

/** Bytes of the images that stay. */
async function bytesKept(
  folder: string,
  { bytes, lines }: { readonly bytes: number; readonly lines: readonly DuplicateLine[] },
  signal: AbortSignal,
): Promise<number> {
  const dropped = new Set(lines.map(({ n }) => n));
  let kept = bytes;
  for await (const { item, bytes: size } of readImages(folder, signal)) if (dropped.has(item.n)) kept -= size;
  return kept;
}

/** What `deduplicate` found, by `n` of the image that goes. */
export async function readDuplicates(folder: string): Promise<ReadonlyMap<number, DuplicateLine>> {
  const found = new Map<number, DuplicateLine>();
  for await (const line of readJsonLines<DuplicateLine>(buildPaths(folder).deduplicate)) found.set(line.n, line);
  return found;
}

/** Images of one content that came with different labels. */
export async function readConflicts(folder: string): Promise<readonly LabelConflict[]> {
  return JSON.parse(await readFile(buildPaths(folder).conflicts, 'utf8')) as LabelConflict[];
}
