import type { Json, SagaError, StepError, StepStatus } from './ledger.ts';
import type { PlanStep } from './plan.ts';

/** What a saga does at a final failure: undo everything, or stop with everything kept. */
export type OnFailure = 'undo' | 'halt';

/** The second argument of every saga workflow. All of it is optional: a saga started by hand with its input alone runs on the defaults. */
export interface SagaStart {
  /** Start of the first step, ISO 8601; until then the run sleeps on a durable timer as `pending`. */
  readonly at?: string;
  /** Default `undo`. */
  readonly on_failure?: OnFailure;
  /** Default 3. */
  readonly max_recovery_attempts?: number;
  readonly job_id?: string;
  readonly parent_id?: string;
  readonly metadata?: { readonly [key: string]: Json };
  /** Number of this run when an earlier one of the same id is not its past: a sub-saga that its recovered owner starts anew. Default 1. */
  readonly first_run_no?: number;
  /** Set when the body runs again from the rows of an earlier run of the same id. */
  readonly reentry?: Reentry;
}

/**
 * `continue`: continue-as-new, nothing changes. `recover`: undo the steps ≥ `from_step`, then go on. `rollback`: undo everything.
 * `undo_retry`: undo again what is stuck.
 */
export type ReentryMode = 'continue' | 'recover' | 'rollback' | 'undo_retry';

/** The earlier run, as its history tells it. */
export interface Reentry {
  readonly mode: ReentryMode;
  /** `recover` only: the first step that runs again. */
  readonly from_step?: number;
  /** Number of this run, from 2; see `contracts/version.ts`. */
  readonly run_no: number;
  readonly root_run_id: string;
  readonly created_at: string;
  readonly started_at: string | null;
  /** Recovery attempts made so far, this one included. */
  readonly recovery_attempts: number;
  /** Why the run is undone (`rollback`, `undo_retry`). */
  readonly error?: SagaError;
  readonly steps: readonly SeedStep[];
  /** Steps added while running, which the plan in code does not name. */
  readonly dynamic_steps?: readonly PlanStep[];
  readonly context?: { readonly [key: string]: Json };
  readonly paused?: boolean;
}

/** What is known of a step that has started; steps that never started are left out. */
export interface SeedStep {
  readonly step_idx: number;
  /** `running` stands for an unknown outcome: it started, and nothing says how it ended. */
  readonly status: StepStatus;
  /** How it ended before any undo. Absent: `done` when it is completed, else `unknown`. */
  readonly outcome?: 'done' | 'unknown';
  readonly output?: Json;
  readonly error?: StepError;
  readonly attempts?: number;
  readonly worker_id?: string;
  readonly queued_at?: string;
  readonly started_at?: string;
  readonly completed_at?: string;
  readonly compensated_at?: string;
  /** See `EffectId.generation`. */
  readonly generation: number;
}

/** What the client notes in the memo of every run it starts, so that a history can be read without the code that made it. */
export interface SagaMemo {
  readonly kind: string;
  readonly plan: readonly PlanStep[];
}

/** Key of `SagaMemo` in the memo. */
export const SAGA_MEMO = 'cerebros';
