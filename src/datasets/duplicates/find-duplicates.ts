import type { Drop, DuplicateRules, ImageFacts, LabelConflict, SplitName } from '../../contracts/dataset-build.ts';
import { DatasetError } from '../errors.ts';
import { hammingDistance, lookOf, looksOf } from './looks.ts';
import { MAX_LOOKS, nearPairs } from './near-pairs.ts';
import { UnionFind } from './union-find.ts';

/** An image as the search for duplicates knows it. */
export interface ComparedImage {
  readonly n: number;
  readonly sha256: string;
  readonly facts: Pick<ImageFacts, 'width' | 'height' | 'phash' | 'thumbnail'>;
  /** As given with it, null when it will be drawn. */
  readonly split: SplitName | null;
  /** As found; null when it has none, or the dataset has no labels. */
  readonly label: string | null;
  readonly uri: string;
}

/** An image that goes because another, `of`, stays. */
export interface DuplicateDrop extends Drop {
  readonly n: number;
  readonly code: 'DUPLICATE' | 'NEAR_DUPLICATE';
  /** The `n` of the image that stays; itself never dropped. */
  readonly of: number;
}

export interface DuplicateFindings {
  /** Sorted by n. */
  readonly drops: readonly DuplicateDrop[];
  /** Files that were found more than once, under labels that contradict each other; by sha256. */
  readonly label_conflicts: readonly LabelConflict[];
  /** Comparisons of much alike images left out to bound the search; 0 when every near duplicate was found for certain. */
  readonly comparisons_left_out: number;
}

/**
 * Finds which images are the same file, and which look the same: connected by steps of at most `near_threshold` bits between
 * their perceptual hashes, with thumbnails that agree.
 *
 * Of each group one stays: one with a label, as others would be dropped for having none; then the one whose given split is test before
 * validation before train before none, so that the test images stay as they were given and none leaks into another split; then the one
 * with most pixels, then by smaller sha256, uri and n.
 * The order in which images come never matters. Other work goes on meanwhile.
 *
 * @throws DatasetError `TOO_MANY_IMAGES` for over 2,097,152 images that all look different; AbortError when the signal says so.
 */
export async function findDuplicates(
  images: Iterable<ComparedImage>,
  { near_threshold }: DuplicateRules,
  signal?: AbortSignal,
): Promise<DuplicateFindings> {
  const ranked = [...images].toSorted(byPreference);
  const groups = new UnionFind(ranked.length);
  joinEqual(ranked, ({ sha256 }) => sha256, groups);
  const leftOut = near_threshold === null ? 0 : await joinAlike(ranked, groups, { threshold: near_threshold, signal });
  return {
    drops: dropsOf(ranked, groups).toSorted((a, b) => a.n - b.n),
    label_conflicts: labelConflicts(ranked),
    comparisons_left_out: leftOut,
  };
}

const SPLIT_RANK = { test: 0, validation: 1, train: 2, none: 3 } as const;

/** Who stays comes first. By content, not by arrival; `n` decides only between two mentions of one file at one place. */
function byPreference(a: ComparedImage, b: ComparedImage): number {
  return (
    Number(a.label === null) - Number(b.label === null) ||
    SPLIT_RANK[a.split ?? 'none'] - SPLIT_RANK[b.split ?? 'none'] ||
    b.facts.width * b.facts.height - a.facts.width * a.facts.height ||
    compareText(a.sha256, b.sha256) ||
    compareText(a.uri, b.uri) ||
    a.n - b.n
  );
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Joins the images that have the same text, and gives the first of each. */
function joinEqual(ranked: readonly ComparedImage[], textOf: (image: ComparedImage) => string, groups: UnionFind): Map<string, number> {
  const first = new Map<string, number>();
  for (const [rank, image] of ranked.entries()) {
    const text = textOf(image);
    const earlier = first.get(text);
    if (earlier === undefined) first.set(text, rank);
    else groups.join(earlier, rank);
  }
  return first;
}

async function joinAlike(
  ranked: readonly ComparedImage[],
  groups: UnionFind,
  { threshold, signal }: { readonly threshold: number; readonly signal: AbortSignal | undefined },
): Promise<number> {
  const rankOf = joinEqual(ranked, ({ facts }) => lookOf(facts), groups);
  if (rankOf.size > MAX_LOOKS) {
    const cure = 'set deduplicate.near_threshold to null, or build two datasets';
    throw new DatasetError('TOO_MANY_IMAGES', `Expected at most ${MAX_LOOKS} images to compare, got ${rankOf.size}; ${cure}.`);
  }
  const sorted = [...rankOf].toSorted(([a], [b]) => compareText(a, b));
  const ranks = Uint32Array.from(sorted, ([, rank]) => rank);
  const onPair = (a: number, b: number): void => groups.join(ranks[a] ?? 0, ranks[b] ?? 0);
  return nearPairs(looksOf(sorted.map(([look]) => look)), { threshold, onPair, signal });
}

function dropsOf(ranked: readonly ComparedImage[], groups: UnionFind): DuplicateDrop[] {
  return ranked.flatMap((image, rank) => {
    // The smallest rank of a group is what it goes by, and who stays.
    const winner = ranked[groups.find(rank)];
    return winner === undefined || winner === image ? [] : [dropOf(image, winner)];
  });
}

function dropOf({ n, sha256, facts }: ComparedImage, winner: ComparedImage): DuplicateDrop {
  if (sha256 === winner.sha256) return { n, code: 'DUPLICATE', of: winner.n, message: `The same file as ${winner.uri}.` };
  const distance = hammingDistance(facts.phash, winner.facts.phash);
  return { n, code: 'NEAR_DUPLICATE', of: winner.n, message: `Looks like ${winner.uri}: ${distance} of 256 bits differ.` };
}

function labelConflicts(images: readonly ComparedImage[]): LabelConflict[] {
  const labels = new Map<string, Set<string>>();
  for (const { sha256, label } of images) if (label !== null) labels.set(sha256, (labels.get(sha256) ?? new Set()).add(label));
  const conflicts = [...labels].filter(([, found]) => found.size > 1).map(([sha256, found]) => ({ sha256, labels: [...found].toSorted() }));
  return conflicts.toSorted((a, b) => compareText(a.sha256, b.sha256));
}
