import type { Drop, StageCounts } from './dataset-build.ts';

/** Nothing went in yet. */
export const NO_COUNTS: StageCounts = { in: 0, out: 0, dropped: 0, reasons: {}, bytes: 0 };

/** The counts of two parts of a stage together. */
export function addCounts(one: StageCounts, other: StageCounts): StageCounts {
  const reasons: Record<string, number> = { ...one.reasons };
  for (const [code, count] of Object.entries(other.reasons)) reasons[code] = (reasons[code] ?? 0) + count;
  return {
    in: one.in + other.in,
    out: one.out + other.out,
    dropped: one.dropped + other.dropped,
    reasons: byCode(reasons),
    bytes: one.bytes + other.bytes,
  };
}

/** What a line tells of its item: where it stands, why it was dropped, what it weighs. */
export interface CountedLine {
  readonly drop?: Drop | undefined;
  readonly bytes?: number | undefined;
}

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
  return { in: kept + dropped, out: kept, dropped, reasons: byCode(reasons), bytes };
}

/** So that equal counts are equal text. */
function byCode(reasons: StageCounts['reasons']): StageCounts['reasons'] {
  return Object.fromEntries(Object.entries(reasons).toSorted(([one], [other]) => (one < other ? -1 : 1)));
}
