import type { NasRunInput, NasStudyResult, StudyView, StopReason, TrialError } from './nas-search.ts';
import type { Params } from './search-space.ts';
import type { DatasetFiles, RungCheckpoint, TrainRungResult } from './train-rung.ts';

// How the study workflow talks to its planner: the workflow keeps trials in flight and passes on what happens; the planner, a recorded
// local activity over the study's file, decides what is next. So a better sampler never breaks a replay, and a workflow's history holds
// no more of a study than what came and what was decided.

/** What the planner is told; its order is the order of its taking effect. */
export type StudyInput =
  | { readonly type: 'open' }
  | { readonly type: 'finished'; readonly number: number; readonly to_epoch: number; readonly outcome: RungOutcome }
  | { readonly type: 'extend'; readonly max_trials: number }
  | { readonly type: 'parallel'; readonly parallel: number }
  | { readonly type: 'enqueue'; readonly params: Params }
  | { readonly type: 'stop'; readonly reason: Extract<StopReason, 'max_time' | 'stopped'> };

/** How a rung ended, as it is kept. */
export type RungOutcome =
  | { readonly status: 'done'; readonly rung: TrainRungResult }
  | { readonly status: 'failed'; readonly error: TrialError };

/** One call of the planner. */
export interface AdvanceInput {
  readonly run: NasRunInput;
  /** Calls made so far, from 0: a call that is made again after a crash has no second effect. Null: go on with what the file holds. */
  readonly seq: number | null;
  readonly inputs: readonly StudyInput[];
  /** Time of the workflow, ISO 8601. */
  readonly now: string;
}

/** What the planner answers. */
export interface Advance {
  /** Calls made, this one included. */
  readonly seq: number;
  /** Rungs to be trained, in this order, as slots become free. */
  readonly launch: readonly RungJob[];
  readonly view: StudyView;
  /** Set when the study is over; rungs still under way are then cancelled. */
  readonly end: StudyEnd | null;
  /** Did the table `trials` take it, within 400 ms? If not, `recordStudy` brings it up to date. */
  readonly recorded: boolean;
}

/** A rung: one stretch of a trial. */
export interface RungJob {
  readonly number: number;
  readonly params: Params;
  readonly checkpoint: RungCheckpoint | null;
  readonly to_epoch: number;
}

export type StudyEnd =
  | { readonly status: 'done'; readonly result: NasStudyResult }
  | { readonly status: 'failed'; readonly error: TrialError };

/** The planner, on the main queue. */
export interface StudyActivities {
  /** Tells what came and what is next. Fails with `STUDY_FILE_MISSING` when the study's folder is gone. */
  advanceStudy(input: AdvanceInput): Promise<Advance>;
  /** Brings the table `trials` up to the study's file; retried until the database is back. */
  recordStudy(input: { readonly run: NasRunInput }): Promise<null>;
}

/** Input of the study workflow. */
export interface NasStudyInput {
  readonly run: NasRunInput;
  readonly dataset_files: DatasetFiles | null;
  /** Carried through continue-as-new. */
  readonly carried?: CarriedStudy | undefined;
}

export interface CarriedStudy {
  readonly seq: number;
  /** Rungs decided on and not begun. */
  readonly queue: readonly RungJob[];
  readonly view: StudyView;
  readonly paused: boolean;
  /** End of the wall-clock budget, ISO 8601. */
  readonly deadline: string | null;
}
