/** Models that `model_name` may name; `custom` takes its blocks from the config. */
export const MODEL_NAMES = ['mlp-small', 'mlp', 'cnn-small', 'custom'] as const;
export type ModelName = (typeof MODEL_NAMES)[number];

/** Datasets that come with Cerebros. */
export const DATASET_NAMES = ['mnist', 'digits'] as const;
export type DatasetName = (typeof DATASET_NAMES)[number];
