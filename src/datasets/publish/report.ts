import { SPLIT_NAMES, type LabelConflict, type SplitName, type StageCounts } from '../../contracts/dataset-build.ts';
import type { PublishedDataset } from '../../contracts/published-dataset.ts';

/** What a build knows of its way, besides what came out. */
export interface BuildFacts {
  /** By step, in order. */
  readonly stages: { readonly [step: string]: StageCounts };
  readonly label_conflicts: readonly LabelConflict[];
  /** Of much alike images, which might be near duplicates. */
  readonly comparisons_left_out: number;
}

/** What was looked at. `warn`: a person should look; `fail`: something is wrong with the build itself. */
export interface QualityCheck {
  readonly name: string;
  readonly status: 'pass' | 'warn' | 'fail';
  readonly value: number | string;
  readonly expected: string;
}

/** `report.json`. */
export interface QualityReport {
  readonly dataset: string;
  readonly version: number;
  readonly sha256: string;
  readonly created_by: string;
  readonly images: number;
  readonly bytes: number;
  readonly stages: { readonly [step: string]: StageCounts };
  readonly duplicates: { readonly exact: number; readonly near: number };
  readonly label_conflicts: { readonly count: number; readonly examples: readonly LabelConflict[] };
  readonly class_balance: readonly ClassBalance[];
  readonly checks: readonly QualityCheck[];
}

/** Images of a class. */
export type ClassBalance = { readonly class: string; readonly images: number } & { readonly [split in SplitName]: number };

const EXAMPLES_MAX = 20;
const IMBALANCE_MAX = 10;
const CLASS_IMAGES_MIN = 10;
const DROPPED_SHARE_MAX = 0.5;
const DUPLICATE_SHARE_MAX = 0.2;

/** The quality report of a version. */
export function qualityReport(published: PublishedDataset, { stages, label_conflicts, comparisons_left_out }: BuildFacts): QualityReport {
  const { name, version, sha256, created_by, images, bytes } = published;
  const reasons = stages['deduplicate']?.reasons ?? {};
  const duplicates = { exact: reasons['DUPLICATE'] ?? 0, near: reasons['NEAR_DUPLICATE'] ?? 0 };
  const class_balance = balanceOf(published);
  return {
    dataset: name,
    version,
    sha256,
    created_by,
    images,
    bytes,
    stages,
    duplicates,
    label_conflicts: { count: label_conflicts.length, examples: label_conflicts.slice(0, EXAMPLES_MAX) },
    class_balance,
    checks: [
      countsCheck(stages, images),
      droppedCheck(stages, images),
      duplicatesCheck(duplicates.exact + duplicates.near, images),
      atMost('comparisons of much alike images left out', comparisons_left_out, 0),
      atMost('label conflicts', label_conflicts.length, 0),
      splitsCheck(published),
      ...classChecks(class_balance),
    ],
  };
}

function balanceOf({ classes, counts }: PublishedDataset): ClassBalance[] {
  return classes.map((label) => {
    const [train = 0, validation = 0, test = 0] = SPLIT_NAMES.map((split) => counts[split].classes[label] ?? 0);
    return { class: label, images: train + validation + test, train, validation, test };
  });
}

/** Nothing gets lost between the stages without being counted. */
function countsCheck(stages: BuildFacts['stages'], images: number): QualityCheck {
  const all = Object.entries(stages);
  const wrong = all.find(([, stage], at) => {
    const reasons = Object.values(stage.reasons).reduce((sum, count) => sum + count, 0);
    const next = all[at + 1]?.[1].in ?? images;
    return stage.in !== stage.out + stage.dropped || reasons !== stage.dropped || stage.out !== next;
  });
  const value = wrong ? `${wrong[0]} does not add up` : 'they add up';
  return {
    name: 'counts of the stages',
    status: wrong ? 'fail' : 'pass',
    value,
    expected: 'in = out + dropped, and all that goes out goes in next',
  };
}

function droppedCheck(stages: BuildFacts['stages'], images: number): QualityCheck {
  const found = Object.values(stages)[0]?.in ?? images;
  return atMost('share of items dropped', shareOf(found - images, found), DROPPED_SHARE_MAX);
}

function duplicatesCheck(duplicates: number, images: number): QualityCheck {
  return atMost('share of duplicates', shareOf(duplicates, duplicates + images), DUPLICATE_SHARE_MAX);
}

function splitsCheck({ counts }: PublishedDataset): QualityCheck {
  const empty = SPLIT_NAMES.filter((split) => counts[split].images === 0);
  return {
    name: 'splits without images',
    status: empty.length === 0 ? 'pass' : 'warn',
    value: empty.length === 0 ? 'none' : empty.join(', '),
    expected: 'none: a training needs all three',
  };
}

function classChecks(balance: readonly ClassBalance[]): QualityCheck[] {
  const sizes = balance.map(({ images }) => images);
  const smallest = Math.min(...sizes);
  const holes = balance.filter(({ train, validation, test }) => Math.min(train, validation, test) === 0).length;
  const classes: QualityCheck = {
    name: 'classes',
    status: balance.length >= 2 ? 'pass' : 'warn',
    value: balance.length,
    expected: 'at least 2: else there is nothing to tell apart',
  };
  if (balance.length < 2) return [classes];
  return [
    classes,
    atMost('largest class over smallest', round(Math.max(...sizes) / smallest), IMBALANCE_MAX),
    {
      name: 'images of the smallest class',
      status: smallest >= CLASS_IMAGES_MIN ? 'pass' : 'warn',
      value: smallest,
      expected: `at least ${CLASS_IMAGES_MIN}`,
    },
    atMost('classes missing from a split', holes, 0),
  ];
}

function atMost(name: string, value: number, most: number): QualityCheck {
  return { name, status: value <= most ? 'pass' : 'warn', value, expected: most === 0 ? 'none' : `at most ${most}` };
}

function shareOf(part: number, whole: number): number {
  return whole === 0 ? 0 : round(part / whole);
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
