import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SPLIT_NAMES } from '../../contracts/dataset-build.ts';
import { datasetId, parseDatasetReference, type PublishedDataset } from '../../contracts/published-dataset.ts';
import { folderOf, listPublished, readPublished, versionsIn } from '../../datasets/publish/published-folders.ts';
import { TrainingError } from '../errors.ts';
import { createSplit, type DatasetInfo, type RawImages, type Split, type SplitName } from './dataset.ts';

const SIDE_MAX = 256;
const WHITE = 255;

/** A dataset that was built: what is known of it, and where it is. */
export interface Published {
  readonly info: DatasetInfo;
  /** Names its content. */
  readonly sha256: string;
  readonly folder: string;
}

/** `name@version` of all datasets that were built, by name. */
export function publishedIds(datasetsFolder: string): string[] {
  return listPublished(datasetsFolder).map(({ name, version }) => datasetId(name, version));
}

/** The newest version of a dataset as `name@version`; undefined when there is none. */
export function newestVersion(datasetsFolder: string, name: string): string | undefined {
  const newest = versionsIn(datasetsFolder, name).at(-1);
  return newest && datasetId(newest.name, newest.version);
}

/**
 * The dataset of a `name@version`; undefined when there is none.
 *
 * @throws TrainingError `DATASET_UNUSABLE` when it cannot be trained on: without pixels, classes or images in a split.
 */
export function findPublished(datasetsFolder: string, id: string): Published | undefined {
  const { name, version } = parseDatasetReference(id) ?? {};
  if (name === undefined || version === undefined || version === null) return undefined;
  const folder = folderOf(datasetsFolder, name, version);
  const published = readPublished(folder);
  return published && { info: infoOf(id, published), sha256: published.sha256, folder };
}

/**
 * Reads one of the files under `pixels/`.
 *
 * @throws TrainingError `DATASET_MISSING`.
 */
export function readPixelFile({ folder, info }: Published, path: string): Uint8Array {
  try {
    return readFileSync(join(folder, path));
  } catch (cause) {
    const message = `Dataset ${info.id}: file ${path} is missing in ${folder}. All workers need the same artifact folder; else build the dataset again.`;
    throw new TrainingError('DATASET_MISSING', message, { cause });
  }
}

/** The splits of checked files. */
export function splitPublished(
  { input }: DatasetInfo,
  files: ReadonlyMap<string, Uint8Array>,
  sizes: Readonly<Record<SplitName, number>>,
): Record<SplitName, Split> {
  const size = input.height * input.width * input.channels;
  const splitOf = (name: SplitName): Split => createSplit(rawImages(files, name, size), 0, sizes[name]);
  return { train: splitOf('train'), validation: splitOf('validation'), test: splitOf('test') };
}

function infoOf(id: string, published: PublishedDataset): DatasetInfo {
  const { pixels, classes, counts, files, spec, created_by } = published;
  const reason = whyUnusable(published);
  if (reason !== undefined || !pixels) throw new TrainingError('DATASET_UNUSABLE', `Dataset ${id} cannot be trained on: ${reason}.`);
  return {
    id,
    title: `${id} (${pixels.width}x${pixels.height}, ${classes.length} classes)`,
    licence: spec.licence,
    source: `run ${created_by}`,
    input: { height: pixels.height, width: pixels.width, channels: pixels.channels },
    classes: classes.length,
    labels: classes,
    sizes: { train: counts.train.images, validation: counts.validation.images, test: counts.test.images },
    sha256s: files,
  };
}

function whyUnusable({ pixels, classes, counts }: PublishedDataset): string | undefined {
  if (!pixels) return 'it has no pixels; build it again with pixels, as {"width": 28, "height": 28}';
  const { width, height } = pixels;
  if (Math.max(width, height) > SIDE_MAX)
    return `expected pixels of at most ${SIDE_MAX}x${SIDE_MAX}, got ${width}x${height}; build it again with smaller pixels`;
  if (classes.length < 2) return `expected at least 2 classes, got ${classes.length}; build it again with labels`;
  const empty = SPLIT_NAMES.filter((split) => counts[split].images === 0);
  if (empty.length > 0)
    return `its split ${empty.join(' and ')} has no images; build it again with a share for each in splits, or with more images`;
  return undefined;
}

// Behind the header: four bytes, and four for each dimension, whose number is the fourth.
function rawImages(files: ReadonlyMap<string, Uint8Array>, split: SplitName, size: number): RawImages {
  const [pixels, labels] = ['images', 'labels'].map((part) => {
    const bytes = files.get(`pixels/${split}-${part}.idx`) ?? new Uint8Array();
    return bytes.subarray(4 + 4 * (bytes[3] ?? 0));
  });
  return { pixels: pixels ?? new Uint8Array(), labels: labels ?? new Uint8Array(), size, white: WHITE };
}
