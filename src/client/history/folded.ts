import type { Json, RunStatus, SagaError, StepError, StepStatus } from '../../contracts/ledger.ts';
import type { PlanStep } from '../../contracts/plan.ts';
import type { SagaStart } from '../../contracts/saga-start.ts';
import type { ApprovalRow } from '../../contracts/step-protocol.ts';
import type { Request } from './external.ts';

/** How Temporal says a run ended. `broken`: failed with something that is no saga's close. */
export type Ended = 'open' | 'completed' | 'failed' | 'cancelled' | 'continued' | 'terminated' | 'timed_out' | 'broken';

/** Where a run stands: going forward, undoing what a recovery does again, or undoing for good. */
export type Phase = 'forward' | 'recovering' | 'undoing';

/**
 * Where an external step stands that asked for something. `asked`: its call answered so · `open`: the timer runs, which is when the
 * suspension begins · `fired`: the timer has, and the workflow task that is told so may still hear of a decision first · `over`: the step
 * may go on · `called`: it was called again.
 */
export type SuspensionPhase = 'asked' | 'open' | 'fired' | 'over' | 'called';

/** The latest suspension of a step, in this try of it. */
export interface FoldedSuspension {
  readonly phase: SuspensionPhase;
  /** The call that asked. */
  readonly n: number;
  readonly request: Request;
  /** Which one it is of this try, from 1. */
  readonly count: number;
  /** Id of the event that began the phase. */
  readonly event: number;
}

/** A row of the table `approvals`, as the history tells it. */
export interface FoldedApproval extends Omit<ApprovalRow, 'saga_id' | 'version'> {
  /** The wait has begun. If not, it may have ended as it began, in one workflow task, or the run may have had no room for it: no row. */
  readonly certain: boolean;
}

/** A step, as its run's history tells it. Values are as they were sent: not yet what jsonb makes of them. */
export interface FoldedStep {
  readonly step_idx: number;
  readonly step_name: string;
  readonly task_type: string;
  readonly needs: readonly number[];
  readonly status: StepStatus;
  readonly output: Json;
  readonly error: StepError | null;
  /** The history does not say the error's message: it is the engine's own. */
  readonly message_open: boolean;
  readonly attempts: number;
  readonly worker_id: string | null;
  readonly activity_id: string | null;
  /** How it ended before any undo; null: it has not started. */
  readonly outcome: 'done' | 'unknown' | null;
  readonly undo: 'none' | 'running' | 'done' | 'failed';
  /** Its status before the undo; null: none has begun. */
  readonly before_undo: StepStatus | null;
  readonly generation: number;
  readonly queued_at: string | null;
  readonly started_at: string | null;
  readonly completed_at: string | null;
  readonly compensated_at: string | null;
  readonly wakes_at: string | null;
  readonly suspension: FoldedSuspension | null;
}

/** A run, as its history tells it. */
export interface FoldedRun {
  /** The workflow id. */
  readonly id: string;
  readonly run_id: string;
  readonly root_run_id: string;
  readonly run_no: number;
  readonly workflow_type: string;
  readonly kind: string;
  /** Was the plan known, from the memo or the caller? If not, steps appear as their calls do. */
  readonly planned: boolean;
  /** Dynamic steps included. */
  readonly plan: readonly PlanStep[];
  /** The tail of `plan` that was added while running, in this run or an earlier one. */
  readonly dynamic_steps: readonly PlanStep[];
  readonly inputs: Json;
  readonly start: SagaStart;
  readonly status: RunStatus;
  readonly phase: Phase;
  readonly result: Json;
  readonly error: SagaError | null;
  readonly cancel_requested: boolean;
  readonly paused: boolean;
  /** The rows that a recovery made pending again, as they were before; empty once a step runs again. */
  readonly reset_rows: readonly FoldedStep[];
  /** Waits for its start: `expected` until the history shows the timer, if it ever does. */
  readonly start_timer: 'none' | 'expected' | 'running' | 'fired';
  readonly recovery_attempts: number;
  readonly ended: Ended;
  /** What a broken run failed with. */
  readonly broken_by: StepError | null;
  readonly created_at: string;
  readonly started_at: string | null;
  readonly completed_at: string | null;
  /** Id of the WorkflowTaskStarted of the last workflow task that completed; 0 before the first. */
  readonly last_task: number;
  /** How many events were read. */
  readonly events: number;
  readonly steps: readonly FoldedStep[];
  /** What steps of this run asked people for, in order. */
  readonly approvals: readonly FoldedApproval[];
}
