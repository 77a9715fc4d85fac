import type { RunStatus, SagaError, StepError } from './ledger.ts';

/** `details[0]` of the failure that a saga closes with; tells a client, or a parent, how it ended. */
export interface SagaClose {
  readonly status: Extract<RunStatus, 'failed' | 'rolled_back' | 'halted' | 'cancelled'>;
  readonly error: SagaError;
  /** The step whose failure ended the run, and why. */
  readonly failed_step?: StepError & { readonly step_idx: number };
}
