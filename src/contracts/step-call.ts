import type { Json } from './ledger.ts';
import type { PlanStep } from './plan.ts';

/** Second argument of every activity that is called as a step: whose effect it is. */
export interface StepCallInput {
  readonly saga_id: string;
  readonly step_name: string;
  /** See `contracts/ids.ts`; the same for every attempt at one effect. */
  readonly idempotency_key: string;
}

/** What a worker returns for a step: the output, and how it came about. */
export interface StepReturn {
  readonly output?: Json;
  readonly attempt: number;
  readonly worker_id: string;
  readonly started_at: string;
  /** How long the attempt took the worker, in ms. */
  readonly took_ms?: number;
  /** Further steps to run, appended to the plan. */
  readonly steps?: readonly PlanStep[];
}

/** What an undo is told of the step it takes back; it must accept that nothing happened. */
export type Outcome<T> =
  | { readonly status: 'done'; readonly output: T }
  | { readonly status: 'unknown'; readonly error: { readonly code: string; readonly message: string } };
