import { readFile, readdir, rm } from 'node:fs/promises';
import type { BatchStage, Drop } from '../../contracts/dataset-build.ts';
import { writeTextAtomically } from './atomic-file.ts';
import { parsedLine, readJsonLines } from './json-lines.ts';
import { buildPaths } from './paths.ts';

/** Codes of drops that another try may mend: what the network, a server or a missing file did. `HTTP_` stands for all that begin so. */
export const MENDABLE_CODES = ['HTTP_', 'TOO_MANY_REDIRECTS', 'LENGTH_MISMATCH', 'HASH_MISMATCH', 'FILE_MISSING'] as const;

/** Whether trying an item again may give another outcome. */
export function isMendable(code: string): boolean {
  return MENDABLE_CODES.some((mendable) => code === mendable || (mendable.endsWith('_') && code.startsWith(mendable)));
}

/** The lines of all batches of a stage that are done, in the order of `n`, streamed. */
export async function* readStageLines<L>(folder: string, stage: BatchStage, signal?: AbortSignal): AsyncGenerator<L> {
  for (const batch of await batchesOf(folder, stage, DONE)) yield* readJsonLines<L>(buildPaths(folder).batch(stage, batch), signal);
}

/**
 * Before a recovery: takes away the lines of what another try may mend, also from batches that were stopped under way, and makes parts
 * again of the batches that had some, so that `runBatch` tries only these. Returns how many items will be tried again. May itself be run
 * again after a crash.
 */
export async function forgetFailures(folder: string, stage: BatchStage): Promise<number> {
  const paths = buildPaths(folder);
  const done = await batchesOf(folder, stage, DONE);
  let forgotten = 0;
  for (const batch of await batchesOf(folder, stage, PART))
    if (!done.includes(batch)) forgotten += await forgetIn(paths.part(stage, batch), paths.part(stage, batch));
  for (const batch of done) {
    const inBatch = await forgetIn(paths.batch(stage, batch), paths.part(stage, batch));
    // Last, so that a crash before it changes nothing.
    if (inBatch > 0) await rm(paths.batch(stage, batch));
    forgotten += inBatch;
  }
  return forgotten;
}

/** Writes the lines that stay to `target`, unless all do. Returns how many go. */
async function forgetIn(file: string, target: string): Promise<number> {
  const lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1);
  const kept = lines.filter((text) => !isFailure(text));
  if (kept.length < lines.length) await writeTextAtomically(target, kept.map((text) => `${text}\n`).join(''));
  return lines.length - kept.length;
}

function isFailure(text: string): boolean {
  const line = parsedLine(text) as { readonly drop?: Drop } | undefined;
  return line?.drop !== undefined && isMendable(line.drop.code);
}

const DONE = /^b(\d{5})\.jsonl$/;
const PART = /^b(\d{5})\.part$/;

/** The batches that have a file of such a name, in order. */
async function batchesOf(folder: string, stage: BatchStage, name: RegExp): Promise<readonly number[]> {
  const names = await readdir(buildPaths(folder).stage(stage)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names
    .flatMap((found) => name.exec(found)?.[1] ?? [])
    .map(Number)
    .toSorted((a, b) => a - b);
}
