import type { BatchStage, DatasetBuildInput, StageCounts } from './dataset-build.ts';

/** Input of the job `datasetStage`, which is no saga: the step that runs it undoes it. */
export interface DatasetStageInput {
  /** Id of the build: names its folder. */
  readonly build_id: string;
  readonly build: DatasetBuildInput;
  readonly stage: BatchStage;
  /** Items that go in; null: the stage lists them itself. */
  readonly items: number | null;
  /** Carried through continue-as-new. */
  readonly carried?: StageProgress | undefined;
}

/** How far a stage has come. */
export interface StageProgress extends OpenedStage {
  /** The first batch that was not begun. */
  readonly next: number;
  readonly counts: StageCounts;
  readonly paused: boolean;
}

/** What a stage goes through. */
export interface OpenedStage {
  readonly items: number;
  readonly batches: number;
}

/** One batch of a stage; everything else is in the folder of the build. */
export interface StageBatch {
  readonly build_id: string;
  readonly stage: BatchStage;
  readonly batch: number;
}

/** The activities of a stage. Each may be run again at any time: what is done is not done again. */
export interface DatasetStageActivities {
  /** Makes the folder of the build and lists the items of its sources. */
  openDatasetBuild(input: { readonly build_id: string; readonly build: DatasetBuildInput }): Promise<OpenedStage>;
  /** Counts the batches of an opened build. */
  countDatasetBatches(input: { readonly build_id: string }): Promise<OpenedStage>;
  downloadDatasetBatch(input: StageBatch): Promise<StageCounts>;
  validateDatasetBatch(input: StageBatch): Promise<StageCounts>;
}
