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
  for (const batch of await doneBatches(folder, stage)) yield* readJsonLines<L>(buildPaths(folder).batch(stage, batch), signal);
}

/**
 * Before a recovery: takes away the lines of what another try may mend, and makes parts again of the batches that had some, so that
 * `runBatch` tries only these. Returns how many items will be tried again. May itself be run again after a crash.
 */
export async function forgetFailures(folder: string, stage: BatchStage): Promise<number> {
  const paths = buildPaths(folder);
  let forgotten = 0;
  for (const batch of await doneBatches(folder, stage)) {
    const lines = (await readFile(paths.batch(stage, batch), 'utf8')).split('\n').slice(0, -1);
    const kept = lines.filter((text) => !isFailure(text));
    if (kept.length < lines.length) {
      forgotten += lines.length - kept.length;
      await writeTextAtomically(paths.part(stage, batch), kept.map((text) => `${text}\n`).join(''));
      // Last, so that a crash before it changes nothing.
      await rm(paths.batch(stage, batch));
    }
  }
  return forgotten;
}

function isFailure(text: string): boolean {
  const line = parsedLine(text) as { readonly drop?: Drop } | undefined;
  return line?.drop !== undefined && isMendable(line.drop.code);
}

async function doneBatches(folder: string, stage: BatchStage): Promise<readonly number[]> {
  const names = await readdir(buildPaths(folder).stage(stage)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names
    .flatMap((name) => /^b(\d{5})\.jsonl$/.exec(name)?.[1] ?? [])
    .map(Number)
    .toSorted((a, b) => a - b);
}
