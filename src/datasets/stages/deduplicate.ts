import { readFile } from 'node:fs/promises';
import type { DatasetBuildInput, DatasetItem, LabelRules, StageCounts } from '../../contracts/dataset-build.ts';
import { countLines } from '../../contracts/stage-counts.ts';
import { writeTextAtomically } from '../build-folder/atomic-file.ts';
import { readJsonLines, writeJsonLines } from '../build-folder/json-lines.ts';
import { buildPaths } from '../build-folder/paths.ts';
import { findDuplicates, type ComparedImage, type DuplicateDrop, type DuplicateFindings } from '../duplicates/find-duplicates.ts';
import { labelOf } from '../labels.ts';
import { readImages } from './images.ts';

/** One line of `deduplicate.jsonl`: an image that goes, and the one that stays for it. */
export type DuplicateLine = Pick<DuplicateDrop, 'n' | 'of'> & {
  readonly drop: { readonly code: DuplicateDrop['code']; readonly message: string };
};

/** What the report tells of the search, besides who went. */
export type SearchFindings = Omit<DuplicateFindings, 'drops'>;

/** Finds the duplicates among all images of a build. The same at every call. */
export async function deduplicate(
  folder: string,
  { deduplicate: rules, label }: Pick<DatasetBuildInput, 'deduplicate' | 'label'>,
  signal: AbortSignal,
): Promise<StageCounts> {
  const images: ComparedImage[] = [];
  const sizes: number[] = [];
  for await (const { item, sha256, bytes, facts } of readImages(folder, signal)) {
    images.push({ n: item.n, sha256, facts, split: item.split, label: labelAsFound(item, label), uri: item.uri });
    sizes.push(bytes);
  }
  const { drops, ...findings } = await findDuplicates(images, rules, signal);
  const lines = drops.map(({ n, of, code, message }): DuplicateLine => ({ n, of, drop: { code, message } }));
  const { findings: findingsFile, deduplicate: file } = buildPaths(folder);
  await writeTextAtomically(findingsFile, `${JSON.stringify(findings satisfies SearchFindings)}\n`);
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

export async function readFindings(folder: string): Promise<SearchFindings> {
  return JSON.parse(await readFile(buildPaths(folder).findings, 'utf8')) as SearchFindings;
}

/** Before the map, which comes later and may be corrected. */
function labelAsFound(item: DatasetItem, rules: LabelRules): string | null {
  const found = labelOf(item, rules, undefined);
  return 'label' in found ? found.label : null;
}
