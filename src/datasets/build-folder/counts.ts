import { readFile } from 'node:fs/promises';
import type { Drop, StageCounts } from '../../contracts/dataset-build.ts';
import { writeTextAtomically } from './atomic-file.ts';
import { buildPaths } from './paths.ts';

/** What a line tells of its item: where it stands, why it was dropped, what it weighs. */
export interface CountedLine {
  readonly drop?: Drop | undefined;
  readonly bytes?: number | undefined;
}

export const NO_COUNTS: StageCounts = { in: 0, out: 0, dropped: 0, reasons: {}, bytes: 0 };

/** Counts lines; the bytes are those of lines without a drop. */
export function countLines(lines: Iterable<CountedLine>): StageCounts {
  const reasons: { [code: string]: number } = {};
  let [kept, dropped, bytes] = [0, 0, 0];
  for (const line of lines) {
    if (line.drop === undefined) {
      kept += 1;
      bytes += line.bytes ?? 0;
    } else {
      dropped += 1;
      reasons[line.drop.code] = (reasons[line.drop.code] ?? 0) + 1;
    }
  }
  return { in: kept + dropped, out: kept, dropped, reasons: sorted(reasons), bytes };
}

/** The counts of two sets of items together. */
export function addCounts(a: StageCounts, b: StageCounts): StageCounts {
  const reasons = { ...a.reasons };
  for (const [code, count] of Object.entries(b.reasons)) reasons[code] = (reasons[code] ?? 0) + count;
  return {
    in: a.in + b.in,
    out: a.out + b.out,
    dropped: a.dropped + b.dropped,
    reasons: sorted(reasons),
    bytes: a.bytes + b.bytes,
  };
}

/** Keeps the counts of a step for the report, `counts/<step>.json`. */
export async function writeCounts(folder: string, step: string, counts: StageCounts): Promise<void> {
  await writeTextAtomically(buildPaths(folder).counts(step), `${JSON.stringify(counts)}\n`);
}

/** What `writeCounts` kept; throws when there is nothing. */
export async function readCounts(folder: string, step: string): Promise<StageCounts> {
  return JSON.parse(await readFile(buildPaths(folder).counts(step), 'utf8')) as StageCounts;
}

/** By code, so that equal counts are equal text. */
function sorted(reasons: StageCounts['reasons']): StageCounts['reasons'] {
  return Object.fromEntries(Object.entries(reasons).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
