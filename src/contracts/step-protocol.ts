import type { Json } from './ledger.ts';
import type { PlanStep } from './plan.ts';

// The protocol of external steps: steps that stateless workers in any language run. A step is a Temporal activity on the queue that the
// plan names; it takes one `ExternalStepInput` and answers one `ExternalStepOutput`. A failure is an ordinary activity failure.

/** What a worker is given. Temporal itself tells it the attempt. */
export interface ExternalStepInput {
  readonly protocol: 1;
  /** Id of the run. */
  readonly execution_id: string;
  readonly step_name: string;
  /** The run's inputs, or the step's own when it has any. */
  readonly inputs: Json;
  /** Outputs of the steps it needs, by name; nothing else. */
  readonly needs: { readonly [name: string]: Json };
  /** The same for every attempt at one effect, also after a suspension. */
  readonly idempotency_key: string;
  /** Null at first, then one entry for each suspension so far, in order. */
  readonly resume: readonly Resume[] | null;
  /** Set when the step takes another one back. */
  readonly undo: ExternalUndo | null;
}

/** How a suspension ended. */
export type Resume =
  | { readonly kind: 'sleep'; readonly data: Json; readonly slept_ms: number }
  | { readonly kind: 'approval'; readonly decision: Decision };

/** The step that is taken back, and how it ended; the undo must accept that nothing happened. */
export interface ExternalUndo {
  readonly step: string;
  readonly status: 'done' | 'unknown';
  readonly output?: Json;
  readonly error?: { readonly code: string; readonly message: string };
}

/** Who ran it: reported back with every answer. */
export interface ExternalReport {
  readonly worker_id: string;
  readonly attempt: number;
  /** ISO 8601. */
  readonly started_at: string;
}

export interface ExternalSuccess extends ExternalReport {
  readonly status: 'SUCCESS';
  /** The step's output, at most 256 KiB of JSON, whatever it looks like. */
  readonly result: Json;
  /** Further steps to run, appended to the plan, at most 256 KiB of JSON. They are external, whatever they say, and neither light nor last. */
  readonly steps?: readonly PlanStep[];
}

/** The step is called again, with `resume`, after this long. */
export interface ExternalSleep extends ExternalReport {
  readonly status: 'SLEEP';
  /** 0 to 10 years. */
  readonly duration_ms: number;
  /** Given back in `resume`. */
  readonly data: Json;
}

/** The step is called again, with the decision, once somebody has decided. */
export interface ExternalApproval extends ExternalReport {
  readonly status: 'APPROVAL';
  /** What is to be decided, for people and for filters: 1 to 200 characters. */
  readonly approval_type: string;
  readonly data: Json;
  /** 1 ms to 10 years. */
  readonly timeout_ms: number;
  /** What a timeout counts as. Default `reject`; `fail` fails the step with `APPROVAL_TIMEOUT`. */
  readonly on_timeout?: TimeoutPolicy;
  /** Names of those who may decide. Default: everybody but the requester. */
  readonly approvers?: readonly string[];
}

export type TimeoutPolicy = 'reject' | 'approve' | 'fail';
export type ExternalOutput = ExternalSuccess | ExternalSleep | ExternalApproval;

/** What was decided; kept in the table `approvals` and given to the step. */
export interface Decision {
  readonly decision: 'approved' | 'rejected';
  /** As asserted by who decided; null when nobody did in time. */
  readonly by: string | null;
  readonly comment: string | null;
  readonly decided_at: string;
  /** Id of the decision: one that comes again changes nothing. */
  readonly decision_id: string;
  readonly timed_out: boolean;
}

/** A row of the table `approvals`: one for each time a step asked. */
export interface ApprovalRow {
  readonly saga_id: string;
  readonly step_idx: number;
  /** Which suspension of the step it is, from 1. */
  readonly n: number;
  readonly step_name: string;
  readonly approval_type: string;
  readonly data: Json;
  readonly approvers: readonly string[] | null;
  /** Who started the run, when known; may not decide. */
  readonly requester: string | null;
  readonly on_timeout: TimeoutPolicy;
  readonly requested_at: string;
  readonly expires_at: string;
  readonly status: 'waiting' | 'approved' | 'rejected' | 'timed_out' | 'cancelled';
  readonly decided_by: string | null;
  readonly decided_at: string | null;
  readonly comment: string | null;
  readonly decision_id: string | null;
  /** As of the rows of its run. */
  readonly version: number;
}

/** Longest sleep and longest wait for a decision: ten years. */
export const SUSPENSION_MS_MAX = 10 * 365 * 24 * 60 * 60_000;
/** Longest time that a step may set for anything: a year. */
export const STEP_MS_MAX = 365 * 24 * 60 * 60_000;
/** More suspensions than this one step does not have. */
export const SUSPENSIONS_MAX = 1000;
