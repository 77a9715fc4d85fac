import { definePlan } from './plan.ts';
import { QUEUES } from './queues.ts';
import type { DatasetLimit, EpochRecord, TrainingConfig, TrainingSpec } from './training-spec.ts';
import type { DatasetName, ModelName } from './training-catalogue.ts';

/** Input of the kind `training-run`. Ranges: `contracts/training-run-schema.ts`. */
export interface TrainingRunInput {
  /** Who asked for the training; kept with the model. Default `local`. */
  readonly worker_id: string;
  readonly model_name: ModelName;
  readonly dataset_name: DatasetName;
  /** A JSON or YAML file, read when the run is started and sent along as `config`. */
  readonly config_path?: string | undefined;
  readonly config?: TrainingConfig | undefined;
  /** Epochs between two checkpoints, from 1; a pause acts at the next one. Default 1. */
  readonly checkpoint_interval: number;
  /** Decides the weights, with everything else given. Default 0. */
  readonly seed: number;
  /** A fire drill: `collect_results` fails after its work, in the first try only; a recovery gets through. */
  readonly drill?: 'fail_collect_results' | undefined;
}

export const TRAINING_RUN = 'training-run';

const MINUTE = 60_000;

/** Six steps; the training itself is a job that `execute_training` starts and owns by its undo. */
export const trainingRunPlan = definePlan(TRAINING_RUN, [
  { name: 'validate_inputs', label: 'check model, dataset and config', estimated_duration_s: 1 },
  { name: 'prepare_run', label: 'make the run directory', needs: ['validate_inputs'], estimated_duration_s: 1, undo: {} },
  {
    name: 'execute_training',
    task_type: 'trainingJob',
    label: 'start the training job',
    needs: ['prepare_run'],
    estimated_duration_s: 1,
    undo: { timeout_ms: 10 * MINUTE },
  },
  {
    name: 'monitor_progress',
    label: 'follow the training job',
    needs: ['execute_training'],
    timeout_ms: 30 * 24 * 60 * MINUTE,
    max_retries: 100,
    estimated_duration_s: 60,
  },
  { name: 'collect_results', label: 'check and register the model', needs: ['monitor_progress'], estimated_duration_s: 2, undo: {} },
  { name: 'cleanup', label: 'remove temporary files', needs: ['prepare_run'], estimated_duration_s: 1, always: true },
]);

/** What `validate_inputs` makes of the input: nothing is left to defaults. */
export interface ResolvedTraining {
  readonly model_name: string;
  readonly dataset_name: string;
  readonly dataset_sha256: string;
  readonly dataset_limit: DatasetLimit | null;
  readonly spec: TrainingSpec;
  readonly params: number;
  readonly seed: number;
  readonly checkpoint_interval: number;
}

/** Input of the job `trainingJob`, which is no saga: its owner undoes it. */
export interface TrainingJobInput {
  readonly training: ResolvedTraining;
  /** Name of the run directory in the artifact store. */
  readonly run_name: string;
  /** Carried through continue-as-new. */
  readonly progress?: TrainingJobProgress | undefined;
}

/** How far a job has come. */
export interface TrainingJobProgress {
  readonly epoch: number;
  /** URI of the last checkpoint, or null before the first. */
  readonly checkpoint: string | null;
  readonly curve: readonly EpochRecord[];
  readonly paused: boolean;
}

/** What one activity of the job is asked: train from a checkpoint to the next. */
export interface TrainSegmentInput {
  readonly training: ResolvedTraining;
  readonly run_name: string;
  readonly checkpoint: string | null;
  readonly until_epoch: number;
}

export interface TrainSegmentResult {
  readonly epoch: number;
  readonly checkpoint: string;
  readonly epochs: readonly EpochRecord[];
  /** Set by the last segment. */
  readonly model: TrainedModel | null;
}

/** A trained model in the run directory. */
export interface TrainedModel {
  /** Of the model's bytes. */
  readonly sha256: string;
  readonly file: string;
  readonly test_accuracy: number;
  readonly validation_accuracy: number;
}

export interface TrainingJobResult {
  readonly model: TrainedModel;
  readonly checkpoint: string;
  readonly curve: readonly EpochRecord[];
}

/** Result of a training run. Accuracies are shares from 0 to 1; URIs name content in the artifact store. */
export interface TrainingRunResult {
  readonly model_id: string;
  readonly test_accuracy: number;
  readonly validation_accuracy: number;
  readonly model_sha256: string;
  readonly model_uri: string;
  readonly checkpoint_uri: string;
  readonly curve_uri: string;
  readonly epochs: number;
  readonly params: number;
}

/** The worker's side of the saga's steps; `execute_training` is a child workflow. */
export interface TrainingRunActivities {
  /** Resolves defaults. Fails with `INVALID_INPUT` on what only a worker can see. */
  validateInputs(input: TrainingRunInput): Promise<ResolvedTraining>;
  /** Makes the run directory. */
  prepareRun(input: { readonly training: ResolvedTraining }): Promise<{ readonly run_name: string }>;
  /** Removes the run directory with all in it. */
  discardRun(input: { readonly run_name: string }): Promise<null>;
  /** Cancels the job and waits until it has ended; one that never started, or has ended, is fine. */
  cancelJob(input: { readonly job_id: string }): Promise<null>;
  /** Waits for the job's result, passing its progress on. Fails with `TRAINING_FAILED` when it did. */
  followJob(input: { readonly job_id: string }): Promise<TrainingJobResult>;
  /** Checks hashes, stores model, checkpoint and curve, and registers the model under the run's id. */
  collectResults(input: CollectInput): Promise<TrainingRunResult>;
  /** Takes back what `collectResults` stored and registered. */
  discardResults(input: { readonly model_id: string }): Promise<null>;
  /** Removes checkpoints and temporary files of the run; what is stored stays. */
  cleanup(input: { readonly run_name: string }): Promise<null>;
}

export interface CollectInput {
  readonly worker_id: string;
  readonly training: ResolvedTraining;
  readonly run_name: string;
  readonly job: TrainingJobResult;
  readonly fail: boolean;
}

/** Served on `QUEUES.compute`, for jobs. */
export interface TrainingJobActivities {
  trainSegment(input: TrainSegmentInput): Promise<TrainSegmentResult>;
}

/** Where the job's activities run. */
export const TRAINING_QUEUE = QUEUES.compute;
