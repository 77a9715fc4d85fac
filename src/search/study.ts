import type { SamplerChoice, SchedulerChoice } from '../contracts/nas-search.ts';
import type { Params, SearchSpace } from '../contracts/search-space.ts';

/** What is searched, and how. */
export interface StudySpec {
  readonly space: SearchSpace;
  readonly sampler: SamplerChoice;
  readonly scheduler: SchedulerChoice;
  /** Epochs of a full training, at least 1. */
  readonly epochs: number;
  /** Integer, 0 to 2^53 - 1. */
  readonly seed: number;
  /** Trials started, at most. */
  readonly max_trials: number;
  /** Configurations tried before the sampler is asked, in this order. */
  readonly enqueue: readonly Params[];
  /** Configurations that it refuses are drawn again, a bounded number of times. Default: all are feasible. */
  readonly feasible?: ((params: Params) => boolean) | undefined;
}

/** A trial as the scheduler sees it. Larger values are better. */
export interface TrialRecord {
  /** From 0, in order of their start, without gaps. */
  readonly number: number;
  readonly params: Params;
  /** Values at the end of each rung, in order. */
  readonly rungs: readonly RungValue[];
  /** Epochs that the rung under way leads to; null when none is. */
  readonly outstanding_to: number | null;
  /** It will give no further value. */
  readonly failed: boolean;
}

export interface RungValue {
  readonly epochs: number;
  readonly value: number;
}

/** A piece of training: of a new trial (`from_epochs` is 0), or of one that goes on from its checkpoint. */
export interface NextRung {
  readonly number: number;
  readonly params: Params;
  readonly from_epochs: number;
  readonly to_epochs: number;
}
