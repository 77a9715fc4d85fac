import { definePlan } from './plan.ts';
import { QUEUES } from './queues.ts';
import type { Params, SearchSpace } from './search-space.ts';
import type { EpochRecord, DatasetLimit } from './training-spec.ts';
import type { DatasetName } from './training-catalogue.ts';
import type { DatasetFiles, Fit, RungCheckpoint, TrainRungResult } from './train-rung.ts';

/** Input of the kind `nas-search`, defaults filled in. Ranges: `contracts/nas-search-schema.ts`. */
export interface NasSearchInput {
  readonly dataset_id: DatasetName;
  /** What is maximized: `accuracy` on the validation images. */
  readonly objective: 'accuracy';
  readonly search_space: SearchSpace;
  readonly budget: Budget;
  /** Epochs of a full training. Default 3. */
  readonly epochs: number;
  readonly sampler: SamplerChoice;
  readonly scheduler: SchedulerChoice;
  /** Trials in flight. Default 2. */
  readonly parallel: number;
  /** `deterministic`: the same seed gives the same trials and weights at any timing; `async`: whatever is done first counts first. */
  readonly parallel_mode: 'deterministic' | 'async';
  /** Decides proposals and weights. Default 0. */
  readonly seed: number;
  /** Who trains: our own trainer, scikit-learn on the Python worker, or nobody (`noop`: values made up from the parameters, to measure the machinery). */
  readonly engine: NasEngine;
  readonly dataset_limit?: DatasetLimit | undefined;
  readonly constraints: Constraints;
  /** A trial that loses its worker this often in a row without a new checkpoint is failed. Default 3. */
  readonly max_worker_losses: number;
  /** Configurations tried before the sampler is asked. */
  readonly enqueue: readonly Params[];
  /** A fire drill: the trials of these numbers crash. */
  readonly drill?: { readonly crash_trials: readonly number[] } | undefined;
}

export type NasEngine = 'typescript' | 'python' | 'noop';

/** When a search ends. It always ends at `max_trials`; whichever comes first counts. */
export interface Budget {
  /** Trials started, exactly, failed ones included. */
  readonly max_trials: number;
  /** Wall-clock seconds from the start of the study; trials in flight are stopped. */
  readonly max_time_s?: number | undefined;
  /** A value that is good enough, 0 to 1. */
  readonly target?: number | undefined;
  /** More failed trials than this fail the search. Default: any number. */
  readonly max_failed_trials?: number | undefined;
  /** Epochs trained in all trials together. */
  readonly max_epochs?: number | undefined;
  /** Trials in a row that do not better the best. */
  readonly patience?: number | undefined;
}

/** Configurations over a bound are not proposed. */
export interface Constraints {
  /** Trainable parameters. Default 5,000,000. */
  readonly max_params: number;
}

export interface SamplerChoice {
  readonly name: 'random' | 'grid' | 'tpe' | 'evolution';
}

export interface SchedulerChoice {
  /** `asha`: many short trainings, the best third goes on, from their checkpoints; `none`: every trial is trained in full. */
  readonly name: 'asha' | 'none';
  /** Epochs of the first rung. Default 1. */
  readonly min_epochs: number;
  /** One in this many goes on. Default 3. */
  readonly reduction: number;
}

export const NAS_SEARCH = 'nas-search';

/** Six steps; the search itself is the sub-saga `nasRun`. */
export const nasSearchPlan = definePlan(NAS_SEARCH, [
  { name: 'check_enabled', label: 'are searches enabled here?', estimated_duration_s: 1 },
  { name: 'ensure_run_id', label: 'resolve the run', needs: ['check_enabled'], estimated_duration_s: 1 },
  { name: 'publish_start_event', label: 'say that it starts', needs: ['ensure_run_id'], estimated_duration_s: 1, undo: {} },
  {
    name: 'execute_nas_run',
    task_type: 'nasRun',
    label: 'search',
    needs: ['publish_start_event'],
    estimated_duration_s: 120,
    undo: { timeout_ms: 30 * 60_000 },
  },
  { name: 'process_results', label: 'check the results', needs: ['execute_nas_run'], estimated_duration_s: 1 },
  { name: 'publish_complete_event', label: 'say that it is done', needs: ['process_results'], estimated_duration_s: 1 },
]);

export const NAS_RUN = 'nas-run';

/** The sub-saga: what it makes is removed by its undos. */
export const nasRunPlan = definePlan(NAS_RUN, [
  { name: 'open_study', label: 'make the folder of the search', estimated_duration_s: 1, undo: {} },
  { name: 'run_trials', task_type: 'nasStudy', label: 'try configurations', needs: ['open_study'], estimated_duration_s: 100 },
  {
    name: 'train_best',
    task_type: 'nasTrial',
    label: 'train the best on train and validation',
    needs: ['run_trials'],
    estimated_duration_s: 20,
  },
  { name: 'register_best', label: 'store and register the model', needs: ['train_best'], estimated_duration_s: 1, undo: {} },
]);

/** What `ensure_run_id` makes of the input. */
export interface NasRunInput {
  /** Id of the search: its trials are `<id>.t0007`, its study `<id>.study`. */
  readonly search_id: string;
  readonly search: NasSearchInput;
  /** Of the images as they are trained on; null for `noop`. */
  readonly dataset_sha256: string | null;
  /** How often the search has been recovered; rows of a later try replace those of an earlier one. */
  readonly recoveries: number;
}

/** Result of the sub-saga `nasRun`: of the search, but for what is checked last. */
export type NasRunResult = Omit<NasSearchResult, 'run_id'>;

export interface TrialError {
  readonly code: string;
  readonly message: string;
}

/** Input of one stretch of a trial: from a checkpoint to an epoch. */
export interface NasTrialInput {
  readonly run: NasRunInput;
  readonly number: number;
  readonly params: Params;
  readonly checkpoint: RungCheckpoint | null;
  readonly to_epoch: number;
  readonly dataset_files: DatasetFiles | null;
  readonly fit: Fit;
  readonly final: boolean;
}

/** How a stretch ended: a failed training is an answer, not a failure of the workflow. */
export type NasTrialResult =
  | { readonly status: 'done'; readonly rung: TrainRungResult }
  | { readonly status: 'failed'; readonly error: TrialError };

/** Result of the study. */
export interface NasStudyResult {
  readonly best: BestTrial;
  readonly trials: TrialCounts;
  readonly stopped_by: StopReason;
  readonly epochs_trained: number;
}

export type StopReason = 'max_trials' | 'max_time' | 'target' | 'max_epochs' | 'patience' | 'space_exhausted' | 'stopped';

export interface BestTrial {
  readonly number: number;
  readonly params: Params;
  /** Validation accuracy after its last epoch, 0 to 1. */
  readonly value: number;
  readonly epochs: number;
  readonly param_count: number;
}

/** `started` is the sum of the others. */
export interface TrialCounts {
  readonly started: number;
  readonly completed: number;
  readonly pruned: number;
  readonly failed: number;
  /** Stopped with the search, before their last rung was done. */
  readonly cancelled: number;
}

/** Result of a search. Accuracies are shares from 0 to 1; URIs name content in the artifact store. */
export interface NasSearchResult {
  readonly run_id: string;
  readonly best: BestTrial;
  readonly trials: TrialCounts;
  readonly stopped_by: StopReason;
  readonly epochs_trained: number;
  /** Validation accuracy of the winning trial, before it was trained again. */
  readonly validation_accuracy: number;
  /** Of the winner, trained again on train and validation images; null for `noop`, which trains nothing. */
  readonly test_accuracy: number | null;
  readonly model_id: string | null;
  readonly model_sha256: string | null;
  readonly model_uri: string | null;
  readonly curve_uri: string | null;
}

/** Answer to the study's query `study`, and of every live edit. */
export interface StudyView {
  readonly search_id: string;
  readonly status: 'running' | 'paused' | 'draining' | 'done';
  readonly parallel: number;
  readonly max_trials: number;
  readonly trials: TrialCounts & { readonly running: number; readonly waiting: number };
  readonly best: BestTrial | null;
  readonly epochs_trained: number;
}

/** Where a trial stands in its row. `waiting`: a rung is done, and it may be promoted; `pruned`: it was not. */
export type TrialStatus = 'running' | 'waiting' | 'completed' | 'pruned' | 'failed' | 'cancelled';

/** A row of the table `trials`; wire JSON equals the columns. */
export interface TrialRow {
  /** Id of the search. */
  readonly run: string;
  readonly number: number;
  readonly params: Params;
  readonly status: TrialStatus;
  /** Validation accuracy after `epochs` epochs. */
  readonly value: number | null;
  readonly epochs: number;
  readonly param_count: number;
  readonly weights_sha256: string | null;
  readonly engine: string | null;
  readonly error: TrialError | null;
  readonly started_at: string | null;
  readonly completed_at: string | null;
  /** Grows with each change of the row; an older one never overwrites. */
  readonly version: number;
}

/** What the study writes: its rows, the epochs trained, and its events. */
export interface TrialBatch {
  readonly trials: readonly TrialRow[];
  readonly epochs: readonly TrialEpoch[];
  readonly events: readonly TrialEvent[];
}

export interface TrialEpoch {
  readonly run: string;
  readonly trial: number;
  readonly record: EpochRecord;
}

/** `cerebros.trial.<what>`, with an id that a retried write repeats. */
export interface TrialEvent {
  readonly id: string;
  readonly what: 'started' | 'completed' | 'promoted' | 'failed' | 'pruned' | 'cancelled';
  readonly search_id: string;
  readonly time: string;
  readonly data: {
    readonly trial: number;
    readonly params: Params;
    readonly value: number | null;
    readonly epochs: number;
    readonly error?: TrialError;
  };
}

/** Id of a trial's workflow: `<search id>.t0007`. */
export function trialId(searchId: string, number: number): string {
  return `${searchId}.t${String(number).padStart(4, '0')}`;
}

/** Name of a trial's folder under `runs/<search id>/trials/`. */
export function trialFolder(number: number): string {
  return String(number).padStart(4, '0');
}

/** Id of a search's study. */
export function studyId(searchId: string): string {
  return `${searchId}.study`;
}

/** Queue of the workers of an engine. */
export const ENGINE_QUEUES: Readonly<Record<NasEngine, string>> = { typescript: QUEUES.compute, python: QUEUES.python, noop: QUEUES.main };

/** The worker's side of the steps of `nas-search`. */
export interface NasSearchActivities {
  /** Fails with `NAS_DISABLED` when `CEREBROS_NAS_ENABLED` says so on the worker. */
  checkEnabled(input: Record<string, never>): Promise<null>;
  /** Fixes what the search is about: its id and its images. Fails with `INVALID_INPUT` on what only a worker can see. */
  ensureRunId(input: { readonly search: NasSearchInput }): Promise<Omit<NasRunInput, 'recoveries'>>;
  /** Publishes `cerebros.nas.run.started`. */
  publishStarted(input: { readonly run: NasRunInput }): Promise<null>;
  /** Publishes `cerebros.nas.run.failed` when a step failed, else `cerebros.nas.run.cancelled`; `why` is the reason of the undo. */
  publishEnded(input: { readonly run: NasRunInput; readonly why: string }): Promise<null>;
  /** Checks structure, numbers and hashes of what a search says it found. Fails with `RESULT_INVALID`. */
  processResults(input: { readonly run: NasRunInput; readonly result: NasRunResult }): Promise<NasSearchResult>;
  /** Publishes `cerebros.nas.run.completed`. */
  publishCompleted(input: { readonly run: NasRunInput; readonly result: NasSearchResult }): Promise<null>;
}

/** The worker's side of the steps of `nasRun`. */
export interface NasRunActivities {
  /** Makes the search's folder, with the images in it for engines in other languages. */
  openStudy(input: { readonly run: NasRunInput }): Promise<{ readonly dataset_files: DatasetFiles | null }>;
  /** Ends the study and its trials if they still run, and removes the folder; trials stay in their table as evidence. */
  discardStudy(input: { readonly search_id: string }): Promise<null>;
  /** Checks the winner's hash, stores it and its curve, registers it under the search's id, and removes the trials' checkpoints. */
  registerBest(input: { readonly run: NasRunInput; readonly found: NasStudyResult; readonly rung: TrainRungResult }): Promise<NasRunResult>;
  /** Takes back what `registerBest` stored and registered. */
  discardBest(input: { readonly search_id: string }): Promise<null>;
}
