import { open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { StudyInput } from '../contracts/nas-study.ts';
import type { NextRung } from '../search/study.ts';

/** One call of the planner: what it was told and what was decided, which together make the study's state again. */
export interface StudyEntry {
  /** Its place, from 0; a later line of the same place replaces it and all that followed it. */
  readonly seq: number;
  /** How often the search had been recovered then. */
  readonly recoveries: number;
  readonly now: string;
  readonly inputs: readonly StudyInput[];
  readonly proposals: readonly (NextRung | null)[];
}

/**
 * The calls of a study's planner, a line of JSON each, in `study.jsonl` in the search's folder. Lines are only ever added, so that a crash
 * leaves at most one torn line at the end, which is passed over: its call is made again.
 */
export class StudyFile {
  readonly #file: string;

  constructor(folder: string) {
    this.#file = join(folder, 'study.jsonl');
  }

  /** Answers the file's size in bytes from then on. Fails when the folder is not there. */
  async append(entry: StudyEntry): Promise<number> {
    const handle = await open(this.#file, 'a');
    try {
      // A line break before, not behind: a torn line before it stays a line of its own.
      await handle.appendFile(`\n${JSON.stringify(entry)}`);
      await handle.sync();
      return (await handle.stat()).size;
    } finally {
      await handle.close();
    }
  }

  /** In bytes; the file only grows, so that the same size is the same content. 0 when there is none. */
  async size(): Promise<number> {
    const found = await stat(this.#file).catch(noneIfMissing);
    return found?.size ?? 0;
  }

  /** The entries that count, in order; none when there is no file. */
  async read(): Promise<StudyEntry[]> {
    const text = (await readFile(this.#file, 'utf8').catch(noneIfMissing)) ?? '';
    const entries: StudyEntry[] = [];
    for (const entry of text.split('\n').flatMap(parseLine)) entries.splice(entry.seq, Infinity, entry);
    return entries;
  }
}

function noneIfMissing(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
  throw error;
}

function parseLine(line: string): StudyEntry[] {
  try {
    return line === '' ? [] : [JSON.parse(line) as StudyEntry];
  } catch {
    return [];
  }
}
