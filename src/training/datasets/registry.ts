import { createHash } from 'node:crypto';
import type { DatasetLimit } from '../../contracts/training-spec.ts';
import { permutation, streamKey } from '../counter-rng.ts';
import { TrainingError } from '../errors.ts';
import { createSplit, type Dataset, type DatasetInfo, type RawImages, type Split, type SplitName } from './dataset.ts';
import { digitsImages, digitsInfo, readDigitsFile } from './digits.ts';
import { mnistImages, mnistInfo, readMnistFile } from './mnist.ts';

// Part of every dataset's identity: raise it when a split is carved differently.
const SPLIT_VERSION = 1;
const DIGITS_SPLIT_SEED = 8;

/** How to load a dataset. */
export interface LoadOptions {
  /** Takes only the first images of each split. Default: all. */
  readonly limit?: DatasetLimit | null | undefined;
  /** Folder with the dataset's files, for those that have files. Default: the installed package. */
  readonly folder?: string | undefined;
}

interface Entry {
  readonly info: DatasetInfo;
  read(name: string, folder?: string): Uint8Array;
  split(files: ReadonlyMap<string, Uint8Array>, sizes: Record<SplitName, number>): Record<SplitName, Split>;
}

const entries: readonly Entry[] = [
  { info: digitsInfo, read: readDigitsFile, split: splitDigits },
  { info: mnistInfo, read: readMnistFile, split: splitMnist },
];

/** Every dataset that can be trained on, by id. */
export function listDatasets(): readonly DatasetInfo[] {
  return entries.map((entry) => entry.info);
}

/**
 * What is known of a dataset, without loading it.
 *
 * @throws TrainingError `DATASET_UNKNOWN`, with the known ids in its message.
 */
export function datasetInfo(id: string): DatasetInfo {
  return findEntry(id).info;
}

/**
 * The hash that names a dataset's content: its files, how it is split, and the limit. Needs no loading.
 *
 * @throws TrainingError `DATASET_UNKNOWN`.
 */
export function datasetSha256(id: string, limit?: DatasetLimit | null): string {
  const info = datasetInfo(id);
  const { train, validation, test } = limitedSizes(info, limit);
  return sha256(JSON.stringify([id, SPLIT_VERSION, info.sha256s, train, validation, test]));
}

/**
 * Loads a dataset after checking the SHA-256 of each of its files.
 *
 * @throws TrainingError `DATASET_UNKNOWN`, `DATASET_MISSING` (a file is not there), `DATASET_MISMATCH` (a file has other content).
 */
export function loadDataset(id: string, { limit, folder }: LoadOptions = {}): Dataset {
  const entry = findEntry(id);
  const files = new Map<string, Uint8Array>();
  for (const [name, expected] of Object.entries(entry.info.sha256s)) {
    const bytes = entry.read(name, folder);
    refuseOtherContent(`Dataset ${id}: file ${name}`, expected, bytes);
    files.set(name, bytes);
  }
  const splits = entry.split(files, limitedSizes(entry.info, limit));
  return { info: entry.info, sha256: datasetSha256(id, limit), limit: limit ?? null, splits };
}

function findEntry(id: string): Entry {
  const entry = entries.find(({ info }) => info.id === id);
  if (entry !== undefined) return entry;
  const known = entries.map(({ info }) => info.id).join(', ');
  throw new TrainingError('DATASET_UNKNOWN', `Expected dataset_id to be one of ${known}, got ${JSON.stringify(id)}.`);
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
