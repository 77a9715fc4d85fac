import type { Json } from '../contracts/ledger.ts';
import type { StepReturn } from '../contracts/step-call.ts';
import { workerIdentity } from './serve-steps.ts';

/** The engine's own: returns what it is given, so that a value computed in workflow code stands in the history. */
export function createKeepValue(): { keepValue(input: { readonly value: Json }): Promise<StepReturn> } {
  return {
    keepValue: async ({ value }) => ({ output: value, attempt: 1, worker_id: workerIdentity(), started_at: new Date().toISOString() }),
  };
}
