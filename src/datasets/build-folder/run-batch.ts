import { mkdir, open, readFile, rm } from 'node:fs/promises';
import type { BatchStage, Drop, StageCounts } from '../../contracts/dataset-build.ts';
import { writeTextAtomically } from './atomic-file.ts';
import { countLines } from '../../contracts/stage-counts.ts';
import { jsonLine, parsedLine, writeJsonLines } from './json-lines.ts';
import { buildPaths } from './paths.ts';

/** Something to be worked on; `bytes` are counted for its line when the line has none. */
interface BatchItem {
  readonly n: number;
  readonly bytes?: number;
}

/** What became of an item. */
interface BatchLine {
  readonly n: number;
  readonly bytes?: number;
  readonly drop?: Drop;
}

export interface BatchRun<T extends BatchItem, L extends BatchLine> {
  /** Of the build. */
  readonly folder: string;
  readonly stage: BatchStage;
  /** From 0. */
  readonly batch: number;
  readonly items: readonly T[];
  /** Items at a time, at least 1. */
  readonly concurrency: number;
  /** What is wrong with the item is a line with a drop; what is thrown ends the batch. */
  readonly work: (item: T, signal: AbortSignal) => Promise<L>;
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Works on the items of a batch and returns what came of it. Lines are kept as they come, so that another run, after a crash or an
 * abort, does only the rest; a batch whose file has a line for every item is not worked on. When the signal aborts, or `work`
 * throws, no item is begun any more, those under way end, their lines are kept, and then the reason is thrown.
 */
export async function runBatch<T extends BatchItem, L extends BatchLine>(run: BatchRun<T, L>): Promise<StageCounts> {
  const paths = buildPaths(run.folder);
  const [file, part] = [paths.batch(run.stage, run.batch), paths.part(run.stage, run.batch)];
  const wanted = new Set(run.items.map(({ n }) => n));
  const done = await readDone<L>(file, wanted);
  if (done.size < wanted.size || run.items.length === 0) {
    for (const [n, line] of await readDone<L>(part, wanted)) done.set(n, done.get(n) ?? line);
    await mkdir(paths.stage(run.stage), { recursive: true });
    await workOnRest(run, part, done);
    // A worker that was taken for dead may have finished meanwhile: what others have counted stays.
    for (const [n, line] of await readDone<L>(file, wanted)) done.set(n, line);
    await writeJsonLines(
      file,
      [...done.values()].toSorted((a, b) => a.n - b.n),
    );
  }
  // Also when the batch was done: a crash may have come between the file and this.
  await rm(part, { force: true });
  const bytesOf = new Map(run.items.map(({ n, bytes }) => [n, bytes]));
  return countLines([...done.values()].map((line) => ({ drop: line.drop, bytes: line.bytes ?? bytesOf.get(line.n) })));
}

/** Lines by `n`. A last line that was cut off, and what a power cut left of others, is as if it had not been written. */
async function readDone<L extends BatchLine>(file: string, wanted: ReadonlySet<number>): Promise<Map<number, L>> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const lines = text
    .split('\n')
    .slice(0, -1)
    .map((line) => parsedLine(line) as L | null | undefined);
  return new Map(lines.flatMap((line) => (line !== undefined && line !== null && wanted.has(line.n) ? [[line.n, line] as const] : [])));
}

async function workOnRest<T extends BatchItem, L extends BatchLine>(
  run: BatchRun<T, L>,
  part: string,
  done: Map<number, L>,
): Promise<void> {
  // Begun anew, or the next line would be glued to a half one.
  await writeTextAtomically(part, [...done.values()].map(jsonLine).join(''));
  const handle = await open(part, 'a');
  let written: Promise<void> = Promise.resolve();
  const keep = async (line: L): Promise<void> => {
    written = written.then(() => handle.appendFile(jsonLine(line)));
    await written;
    done.set(line.n, line);
    run.onProgress?.(done.size, run.items.length);
  };
  try {
    await workers(
      run.items.filter(({ n }) => !done.has(n)),
      run,
      keep,
    );
  } finally {
    await handle.close();
  }
}

async function workers<T extends BatchItem, L extends BatchLine>(
  rest: readonly T[],
  run: BatchRun<T, L>,
  keep: (line: L) => Promise<void>,
): Promise<void> {
  const queue = rest.values();
  let failed: { readonly error: unknown } | null = null;
  const worker = async (): Promise<void> => {
    for (const item of queue) {
      if (failed !== null || run.signal.aborted) return;
      try {
        await keep(await run.work(item, run.signal));
      } catch (error) {
        failed ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(run.concurrency, rest.length) }, worker));
  run.signal.throwIfAborted();
  if (failed !== null) throw (failed as { readonly error: unknown }).error;
}
