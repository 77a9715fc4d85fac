import { createHash } from 'node:crypto';
import type { DatasetLimit } from '../../contracts/training-spec.ts';
import { permutation, streamKey } from '../counter-rng.ts';
import { TrainingError } from '../errors.ts';
import { createSplit, type Dataset, type DatasetInfo, type RawImages, type Split, type SplitName } from './dataset.ts';
import { digitsImages, digitsInfo, readDigitsFile } from './digits.ts';
import { mnistImages, mnistInfo, readMnistFile } from './mnist.ts';
import { findPublished, newestVersion, publishedIds, readPixelFile, splitPublished } from './published.ts';

// Part of every dataset's identity: raise it when a split is carved differently.
const SPLIT_VERSION = 1;
const DIGITS_SPLIT_SEED = 8;
/** Ids that a message names. */
const KNOWN_MAX = 20;

/** How to load a dataset. */
export interface LoadOptions {
  /** Takes only the first images of each split. Default: all. */
  readonly limit?: DatasetLimit | null | undefined;
  /** Folder with the files of `mnist`. Default: the installed package. */
  readonly folder?: string | undefined;
  /** Folder of published datasets. Default: there are none. */
  readonly published?: string | undefined;
}

interface Entry {
  readonly info: DatasetInfo;
  /** Names the content and how it is split. */
  readonly identity: readonly unknown[];
  read(name: string, folder?: string): Uint8Array;
  split(files: ReadonlyMap<string, Uint8Array>, sizes: Record<SplitName, number>): Record<SplitName, Split>;
}

const entries: readonly Entry[] = [
  { info: digitsInfo, identity: builtInIdentity(digitsInfo), read: readDigitsFile, split: splitDigits },
  { info: mnistInfo, identity: builtInIdentity(mnistInfo), read: readMnistFile, split: splitMnist },
];

/** Every dataset that comes with this package. */
export function listDatasets(): readonly DatasetInfo[] {
  return entries.map((entry) => entry.info);
}

/**
 * The id that names one content for good: a name alone becomes `name@version` of its newest version.
 *
 * @param published - folder of published datasets. Default: there are none.
 * @throws TrainingError `DATASET_UNKNOWN`, with the known ids in its message; `DATASET_UNUSABLE`.
 */
export function resolveDatasetId(id: string, published?: string): string {
  const named = published === undefined || entries.some(({ info }) => info.id === id) ? undefined : newestVersion(published, id);
  return findEntry(named ?? id, published).info.id;
}

/**
 * What is known of a dataset, without loading it.
 *
 * @throws TrainingError any code of `resolveDatasetId`.
 */
export function datasetInfo(id: string, published?: string): DatasetInfo {
  return findEntry(id, published).info;
}

/**
 * The hash that names a dataset's content: its files, how it is split, and the limit. Needs no loading.
 *
 * @throws TrainingError any code of `resolveDatasetId`.
 */
export function datasetSha256(id: string, limit?: DatasetLimit | null, published?: string): string {
  return entrySha256(findEntry(id, published), limit);
}

/**
 * Loads a dataset after checking the SHA-256 of each of its files.
 *
 * @throws TrainingError any code of `resolveDatasetId`; `DATASET_MISSING` (a file is not there), `DATASET_MISMATCH` (a file has other content).
 */
export function loadDataset(id: string, { limit, folder, published }: LoadOptions = {}): Dataset {
  const entry = findEntry(id, published);
  const files = new Map<string, Uint8Array>();
  for (const [name, expected] of Object.entries(entry.info.sha256s)) {
    const bytes = entry.read(name, folder);
    refuseOtherContent(`Dataset ${id}: file ${name}`, expected, bytes);
    files.set(name, bytes);
  }
  const splits = entry.split(files, limitedSizes(entry.info, limit));
  return { info: entry.info, sha256: entrySha256(entry, limit), limit: limit ?? null, splits };
}

function builtInIdentity({ id, sha256s }: DatasetInfo): readonly unknown[] {
  return [id, SPLIT_VERSION, sha256s];
}

function entrySha256({ info, identity }: Entry, limit?: DatasetLimit | null): string {
  const { train, validation, test } = limitedSizes(info, limit);
  return sha256(JSON.stringify([...identity, train, validation, test]));
}

function findEntry(id: string, datasetsFolder?: string): Entry {
  const entry =
    entries.find(({ info }) => info.id === id) ?? (datasetsFolder === undefined ? undefined : publishedEntry(id, datasetsFolder));
  if (entry !== undefined) return entry;
  const known = [...entries.map(({ info }) => info.id), ...(datasetsFolder === undefined ? [] : publishedIds(datasetsFolder))];
  const more = known.length > KNOWN_MAX ? ` and ${known.length - KNOWN_MAX} more (cerebros datasets list)` : '';
  const message = `Expected dataset_id to be one of ${known.slice(0, KNOWN_MAX).join(', ')}${more}, got ${JSON.stringify(id)}.`;
  throw new TrainingError('DATASET_UNKNOWN', message);
}

function publishedEntry(id: string, datasetsFolder: string): Entry | undefined {
  const published = findPublished(datasetsFolder, id);
  if (published === undefined) return undefined;
  const { info, sha256: content } = published;
  return {
    info,
    // The pixels too: another release of the library that scales may make others of the same images.
    identity: [content, info.sha256s],
    read: (name) => readPixelFile(published, name),
    split: (files, sizes) => splitPublished(info, files, sizes),
  };
}

function limitedSizes({ sizes }: DatasetInfo, limit?: DatasetLimit | null): Record<SplitName, number> {
  return {
    train: Math.min(sizes.train, limit?.train ?? sizes.train),
    validation: Math.min(sizes.validation, limit?.validation ?? sizes.validation),
    test: Math.min(sizes.test, limit?.test ?? sizes.test),
  };
}

function refuseOtherContent(what: string, expected: string, bytes: Uint8Array): void {
  const got = sha256(bytes);
  if (got === expected) return;
  throw new TrainingError(
    'DATASET_MISMATCH',
    `${what}: expected sha256 ${expected}, got ${got}. Restore the original file; nothing was trained.`,
  );
}

function splitDigits(files: ReadonlyMap<string, Uint8Array>, sizes: Record<SplitName, number>): Record<SplitName, Split> {
  const raw: RawImages = digitsImages(files.get('digits') ?? new Uint8Array());
  // The file is ordered by writer; a permutation gives every split all writers.
  const order = permutation(streamKey(DIGITS_SPLIT_SEED), raw.labels.length);
  const { train, validation } = digitsInfo.sizes;
  return {
    train: createSplit(raw, order, sizes.train),
    validation: createSplit(raw, order.subarray(train), sizes.validation),
    test: createSplit(raw, order.subarray(train + validation), sizes.test),
  };
}

function splitMnist(files: ReadonlyMap<string, Uint8Array>, sizes: Record<SplitName, number>): Record<SplitName, Split> {
  const { train, test } = mnistImages(files);
  return {
    train: createSplit(train, 0, sizes.train),
    validation: createSplit(train, mnistInfo.sizes.train, sizes.validation),
    test: createSplit(test, 0, sizes.test),
  };
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
