import type { DatasetLimit, EpochRecord } from './training-spec.ts';
import type { Params } from './search-space.ts';

// One contract for every training engine: the TypeScript worker and the Python worker serve the same activity, `trainRung`.

/** Name of the activity, on the queue of its engine. */
export const TRAIN_RUNG = 'trainRung';

/** Where a training stands on disk: a file in the trial's folder, `runs/<search_id>/trials/<0007>/` of the artifact store. */
export interface RungCheckpoint {
  readonly file: string;
  readonly sha256: string;
  /** Epochs finished. */
  readonly epoch: number;
}

/** Which images a training learns from: the winner is trained again on `train_and_validation`. */
export type Fit = 'train' | 'train_and_validation';

/** Trains one configuration from a checkpoint to an epoch. */
export interface TrainRungInput {
  readonly protocol: 1;
  /** Id of the search; names its folder in the artifact store. */
  readonly search_id: string;
  /** Number of the trial, from 0. */
  readonly trial: number;
  readonly dataset_id: string;
  /** Of the images as they are trained on; another hash is refused (`DATASET_MISMATCH`). */
  readonly dataset_sha256: string;
  readonly dataset_limit: DatasetLimit | null;
  /** The images as IDX files in the artifact store, for engines in other languages. */
  readonly dataset_files: DatasetFiles | null;
  readonly params: Params;
  /** Decides the weights, with everything else given. */
  readonly seed: number;
  /** A model with more parameters is refused before anything is allocated (`MODEL_TOO_LARGE`). */
  readonly max_params: number;
  readonly fit: Fit;
  /** Null: from fresh weights. */
  readonly checkpoint: RungCheckpoint | null;
  /** Where an earlier activity of this rung had come before it was lost; training goes on from there. Default: from `checkpoint`. */
  readonly resume?: RungCheckpoint | null | undefined;
  /** Epochs finished when it is done; above `checkpoint.epoch`. */
  readonly to_epoch: number;
  /** Also writes the model and scores the test images, once. */
  readonly final: boolean;
  /** A fire drill: the training ends like a crashed process. */
  readonly crash?: boolean;
}

/** Artifact URIs of unsigned-byte IDX files: images as [count, height, width], labels as [count]. */
export interface DatasetFiles {
  readonly train_images: string;
  readonly train_labels: string;
  readonly validation_images: string;
  readonly validation_labels: string;
  readonly test_images: string;
  readonly test_labels: string;
}

/** What it came to. The configuration is echoed, because a replay does not check inputs. */
export interface TrainRungResult {
  /** `typescript`, `python-sklearn` …: what trained it. */
  readonly engine: string;
  readonly params: Params;
  readonly seed: number;
  readonly checkpoint: RungCheckpoint;
  /** Of every epoch of this rung. */
  readonly epochs: readonly EpochRecord[];
  /** Validation accuracy after the last epoch, 0 to 1. */
  readonly value: number;
  /** Trainable parameters. */
  readonly param_count: number;
  readonly weights_sha256: string;
  /** Only when `final`. */
  readonly model: RungModel | null;
}

/** A finished model in the trial's folder. */
export interface RungModel {
  readonly file: string;
  /** Of the file's bytes. */
  readonly sha256: string;
  readonly test_accuracy: number;
}

/** What an attempt heartbeats, at least every 2 s: where it stands, and where the next attempt goes on from. */
export interface RungHeartbeat {
  readonly epoch: number;
  readonly done: number;
  readonly total: number;
  readonly checkpoint: RungCheckpoint | null;
}

/** Types of its non-retryable failures; each ends the trial as failed, never the search. */
export const RUNG_ERRORS = {
  /** A loss or weight became NaN or infinite. */
  diverged: 'TRAINING_DIVERGED',
  tooLarge: 'MODEL_TOO_LARGE',
  /** The parameters make no network this engine can build. */
  invalid: 'SPEC_INVALID',
  dataset: 'DATASET_MISMATCH',
} as const;

/** The activity as workflows call it. */
export interface TrainRungActivities {
  trainRung(input: TrainRungInput): Promise<TrainRungResult>;
}
