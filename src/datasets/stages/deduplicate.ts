import { readFile } from 'node:fs/promises';
import type { DatasetBuildInput, LabelConflict, StageCounts } from '../../contracts/dataset-build.ts';
import { countLines } from '../../contracts/stage-counts.ts';
import { writeTextAtomically } from '../build-folder/atomic-file.ts';
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
  const sizes: number[] = [];
  for await (const { item, sha256, bytes, facts } of readImages(folder, signal)) {
    images.push({ n: item.n, sha256, facts, split: item.split, label: item.label, uri: item.uri });
    sizes.push(bytes);
  }
  const { drops, label_conflicts } = await findDuplicates(images, rules, signal);
  const lines = drops.map(({ n, of, code, message }): DuplicateLine => ({ n, of, drop: { code, message } }));
  const { conflicts, deduplicate: file } = buildPaths(folder);
  await writeTextAtomically(conflicts, `${JSON.stringify(label_conflicts)}\n`);
  await writeJsonLines(file, lines);
  const dropped = new Map(lines.map(({ n, drop }) => [n, drop]));
  return countLines(images.map(({ n }, at) => ({ bytes: sizes[at], drop: dropped.get(n) })));
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
