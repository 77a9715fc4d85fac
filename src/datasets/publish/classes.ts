import { SPLIT_NAMES, type SplitName } from '../../contracts/dataset-build.ts';
import type { SplitCounts } from '../../contracts/published-dataset.ts';
import { LIMITS } from '../../contracts/limits.ts';
import { DatasetError } from '../errors.ts';
import type { PublishRow } from './publish-row.ts';

/** Of all labels as JSON, in bytes: the result of the build holds them, beside its counts. */
const LABELS_BYTES_MAX = LIMITS.valueBytes / 2;

const NUMBER = /^-?\d+(\.\d+)?$/;

/**
 * The labels there are: by number when all are numbers, else by code unit. Empty when the images have none. Throws `TOO_MANY_CLASSES` when
 * they are too many for a result.
 */
export function classesOf(rows: readonly PublishRow[]): readonly string[] {
  const labels = [...new Set(rows.flatMap(({ label }) => (label === null ? [] : [label])))].toSorted(byCodeUnit);
  const bytes = Buffer.byteLength(JSON.stringify(labels));
  if (bytes > LABELS_BYTES_MAX) {
    const message = `expected labels of at most ${LABELS_BYTES_MAX} bytes together, got ${labels.length} labels of ${bytes} bytes; map them to fewer, or set label.from to none`;
    throw new DatasetError('TOO_MANY_CLASSES', message);
  }
  return labels.every((label) => NUMBER.test(label)) ? labels.toSorted((a, b) => Number(a) - Number(b)) : labels;
}

/** Images by split and class; a class without images counts 0. */
export function countsOf(rows: readonly PublishRow[], classes: readonly string[]): { readonly [split in SplitName]: SplitCounts } {
  const counted = new Map<string, number>();
  for (const { split, label } of rows) {
    for (const key of [split, `${split} ${label}`]) counted.set(key, (counted.get(key) ?? 0) + 1);
  }
  const countOf = (split: SplitName): SplitCounts => ({
    images: counted.get(split) ?? 0,
    classes: Object.fromEntries(classes.map((label) => [label, counted.get(`${split} ${label}`) ?? 0])),
  });
  const [train, validation, test] = SPLIT_NAMES.map(countOf) as [SplitCounts, SplitCounts, SplitCounts];
  return { train, validation, test };
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : 1;
}
