import type { DatasetFiles } from '../../contracts/train-rung.ts';
import type { DatasetLimit } from '../../contracts/training-spec.ts';
import type { DatasetInfo, Split } from './dataset.ts';
import { loadDataset } from './registry.ts';

const UNSIGNED_BYTES = 8;

/** Where the files go: an artifact store. */
export interface FileStore {
  /** Of published datasets. */
  readonly datasetsFolder: string;
  put(bytes: Uint8Array): Promise<{ readonly uri: string }>;
}

/**
 * Writes the images that a training on this dataset sees as six IDX files of unsigned bytes: pixels from 0 to 255 (full ink, whatever
 * the dataset's own scale), labels from 0. Colours stand side by side in a row, which is then as many times as long. The same dataset gives the same files.
 *
 * @throws TrainingError any code of `loadDataset`.
 */
export async function exportDataset(artifacts: FileStore, dataset_id: string, limit: DatasetLimit | null): Promise<DatasetFiles> {
  const { info, splits } = loadDataset(dataset_id, { limit, published: artifacts.datasetsFolder });
  const put = async (bytes: Uint8Array) => (await artifacts.put(bytes)).uri;
  return {
    train_images: await put(imagesFile(splits.train, info.input)),
    train_labels: await put(labelsFile(splits.train)),
    validation_images: await put(imagesFile(splits.validation, info.input)),
    validation_labels: await put(labelsFile(splits.validation)),
    test_images: await put(imagesFile(splits.test, info.input)),
    test_labels: await put(labelsFile(splits.test)),
  };
}

function imagesFile(split: Split, { height, width, channels }: DatasetInfo['input']): Uint8Array {
  const row = width * channels;
  const size = height * row;
  const content = new Uint8Array(split.count * size);
  const image = new Float32Array(size);
  for (let index = 0; index < split.count; index++) {
    split.copyPixels(image, () => index);
    for (let i = 0; i < size; i++) content[index * size + i] = Math.round((image[i] ?? 0) * 255);
  }
  return idxFile([split.count, height, row], content);
}

function labelsFile({ count, labels }: Split): Uint8Array {
  return idxFile([count], labels);
}

// Two zero bytes, the type of the values, the number of dimensions, each dimension (uint32, big endian), then the values.
function idxFile(dimensions: readonly number[], content: Uint8Array): Uint8Array {
  const header = Buffer.alloc(4 + 4 * dimensions.length);
  header.set([0, 0, UNSIGNED_BYTES, dimensions.length]);
  for (const [index, length] of dimensions.entries()) header.writeUInt32BE(length, 4 + 4 * index);
  return new Uint8Array(Buffer.concat([header, content]));
}
