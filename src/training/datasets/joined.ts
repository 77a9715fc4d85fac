import { createHash } from 'node:crypto';
import type { Fit } from '../../contracts/train-rung.ts';
import type { Dataset, Split } from './dataset.ts';

/**
 * A dataset as a training learns from it. With `train_and_validation` its `train` split is all training images, then all validation
 * images, and its hash is another; the validation images can still be scored, but have then been seen.
 */
export function datasetToFit(dataset: Dataset, fit: Fit): Dataset {
  if (fit === 'train') return dataset;
  const { info, splits } = dataset;
  const { height, width, channels } = info.input;
  const train = joined(splits.train, splits.validation, height * width * channels);
  return { ...dataset, sha256: fitSha256(dataset.sha256, fit), splits: { ...splits, train } };
}

/** The hash of `datasetToFit`'s dataset, by the hash of the dataset that it was given. */
export function fitSha256(sha256: string, fit: Fit): string {
  return fit === 'train' ? sha256 : createHash('sha256').update(`${sha256} ${fit}`).digest('hex');
}

function joined(first: Split, second: Split, size: number): Split {
  return {
    count: first.count + second.count,
    labels: Uint8Array.from([...first.labels, ...second.labels]),
    copyPixels(target, pick) {
      for (let row = 0; row * size < target.length; row++) {
        const image = pick(row);
        const split = image < first.count ? first : second;
        split.copyPixels(target.subarray(row * size, (row + 1) * size), () => (split === first ? image : image - first.count));
      }
    },
  };
}
