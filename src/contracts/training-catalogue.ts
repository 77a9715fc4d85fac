/** Models that `model_name` may name; `custom` takes its blocks from the config. */
export const MODEL_NAMES = ['mlp-small', 'mlp', 'cnn-small', 'custom'] as const;
export type ModelName = (typeof MODEL_NAMES)[number];

/** Datasets that come with Cerebros. */
export const DATASET_NAMES = ['mnist', 'digits'] as const;

/** One of `DATASET_NAMES`, `name@version` of a dataset that was built, or its name for the newest version. */
export type DatasetName = string;

/** What lists say of the datasets that come with Cerebros. */
export const BUILT_IN_DATASETS: readonly BuiltInDataset[] = [
  { id: 'mnist', title: 'MNIST handwritten digits (28x28, 10 classes)', images: 70_000, classes: 10 },
  { id: 'digits', title: 'UCI handwritten digits (8x8, 10 classes)', images: 1797, classes: 10 },
];

export interface BuiltInDataset {
  readonly id: (typeof DATASET_NAMES)[number];
  readonly title: string;
  readonly images: number;
  readonly classes: number;
}
