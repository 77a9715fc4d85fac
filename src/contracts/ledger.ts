import type { PlanStep } from './plan.ts';
import type { ApprovalRow } from './step-protocol.ts';

/** A value that survives JSON unchanged. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export const RUN_STATUSES = [
  'pending',
  'running',
  'paused',
  'halted',
  'recovering',
  'compensating',
  'completed',
  'failed',
  'cancelled',
  'rolled_back',
] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** Statuses in which nothing moves any more. */
export const CLOSED_STATUSES: readonly RunStatus[] = ['halted', 'completed', 'failed', 'cancelled', 'rolled_back'];

export const STEP_STATUSES = [
  'pending',
  'queued',
  'running',
  'sleeping',
  'waiting',
  'completed',
  'failed',
  'retrying',
  'skipped',
  'cancelled',
  'compensating',
  'compensated',
  'compensation_failed',
] as const;
export type StepStatus = (typeof STEP_STATUSES)[number];

/** Why a step failed. `code` is the failure's type, `TIMEOUT`, or one of `ERROR_CODES`; `message` is cut to 1,000 characters. */
export interface StepError {
  readonly code: string;
  readonly message: string;
}

/** A step whose undo did not succeed, or that never settled. */
export interface Stuck {
  readonly step_idx: number;
  readonly step_name: string;
  readonly code: string;
  readonly message: string;
  /** The sub-saga that is stuck itself, when it is one. */
  readonly child_id?: string;
}

/** Why a run did not complete. `reason`: `step_failed:<name>`, `cancelled`, `terminated` or `timeout`. */
export interface SagaError {
  readonly reason: string;
  /** The highest index the undo walk visits; null when there was nothing to visit. */
  readonly compensate_from_idx: number | null;
  readonly message?: string;
  readonly code?: string;
  readonly stuck?: readonly Stuck[];
}

/** A row of `saga_runs`; the wire shape from table to page. Times are ISO 8601 in UTC. */
export interface SagaRunRow {
  readonly id: string;
  /** Null until the workflow has started. */
  readonly run_id: string | null;
  readonly root_run_id: string | null;
  readonly kind: string;
  readonly job_id: string | null;
  readonly status: RunStatus;
  readonly plan: readonly PlanStep[];
  /** The lowest unfinished step; null when all are done. */
  readonly current_step_idx: number | null;
  readonly inputs: Json;
  /** `{step_name: output}`, or what the steps put, in `proof` and `provision`. */
  readonly context: { readonly [key: string]: Json };
  readonly result: Json;
  readonly metadata: { readonly [key: string]: Json };
  readonly cancel_requested: boolean;
  readonly error: SagaError | null;
  readonly recovery_attempts: number;
  readonly max_recovery_attempts: number;
  readonly parent_id: string | null;
  /** See `contracts/version.ts`. */
  readonly version: number;
  readonly created_at: string;
  readonly started_at: string | null;
  readonly completed_at: string | null;
}

/** A row of `saga_step_results`. */
export interface SagaStepRow {
  readonly saga_id: string;
  readonly step_idx: number;
  readonly step_name: string;
  readonly task_type: string;
  /** Indices of the steps it needs. */
  readonly needs: readonly number[];
  readonly status: StepStatus;
  readonly output: Json;
  readonly error: StepError | null;
  readonly attempts: number;
  readonly worker_id: string | null;
  readonly activity_id: string | null;
  readonly estimated_duration_s: number | null;
  readonly queued_at: string | null;
  readonly started_at: string | null;
  readonly completed_at: string | null;
  readonly compensated_at: string | null;
  readonly wakes_at: string | null;
  readonly version: number;
}

/** What `show` prints: the run's row with its steps. */
export interface SagaRun extends SagaRunRow {
  readonly steps: readonly SagaStepRow[];
}

/** A CloudEvents 1.0 event as stored in `events`; `seq` is given by the database. */
export interface LedgerEvent {
  readonly id: string;
  readonly type: string;
  readonly source: string;
  /** The run's id. */
  readonly subject: string;
  readonly time: string;
  readonly data: Json;
}

/** Fields of the run's row that a batch sets; an absent field keeps what the row has. */
export type RunPatch = Partial<Omit<SagaRunRow, 'id' | 'version'>>;

/** One flush: upserts at `version`, which never overwrite a newer row, and events, which are added once. */
export interface LedgerBatch {
  readonly saga_id: string;
  readonly version: number;
  /** `context` in it is merged into the row's; every other field replaces. A row that does not exist yet is made from it. */
  readonly run: RunPatch;
  readonly steps: readonly Omit<SagaStepRow, 'saga_id' | 'version'>[];
  readonly events: readonly LedgerEvent[];
  /** Rows of `approvals` that changed. Default: none. */
  readonly approvals?: readonly Omit<ApprovalRow, 'saga_id' | 'version'>[];
}
