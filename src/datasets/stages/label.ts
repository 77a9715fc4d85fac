import type { DatasetBuildInput, Drop, StageCounts } from '../../contracts/dataset-build.ts';
import { countLines } from '../../contracts/stage-counts.ts';
import { readJsonLines, writeJsonLines } from '../build-folder/json-lines.ts';
import { buildPaths } from '../build-folder/paths.ts';
import { labelOf, type LabelMap } from '../labels.ts';
import { readDuplicates } from './deduplicate.ts';
import { readImages } from './images.ts';

/** One line of `label.jsonl`. */
export type LabelLine = { readonly n: number; readonly bytes: number } & ({ readonly label: string | null } | { readonly drop: Drop });

/** Labels the images that `deduplicate` left. */
export async function labelImages(
  folder: string,
  { spec, map }: { readonly spec: DatasetBuildInput; readonly map: LabelMap | undefined },
  signal: AbortSignal,
): Promise<StageCounts> {
  const duplicates = await readDuplicates(folder);
  const lines: LabelLine[] = [];
  for await (const { item, bytes } of readImages(folder, signal))
    if (!duplicates.has(item.n)) lines.push({ n: item.n, bytes, ...labelOf(item, spec.label, map) });
  await writeJsonLines(buildPaths(folder).label, lines);
  return countLines(lines.map((line) => ({ bytes: line.bytes, drop: 'drop' in line ? line.drop : undefined })));
}

/** Labels by `n`, of the images that stay. */
export async function readLabels(folder: string): Promise<ReadonlyMap<number, string | null>> {
  const labels = new Map<number, string | null>();
  for await (const line of readJsonLines<LabelLine>(buildPaths(folder).label)) if ('label' in line) labels.set(line.n, line.label);
  return labels;
}
