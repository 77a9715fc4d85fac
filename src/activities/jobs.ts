import type { Json } from '../contracts/ledger.ts';

/** What activities need of the jobs that a saga started; made from a Temporal client. */
export interface Jobs {
  /**
   * Waits for a job's result, over continue-as-new. `onProgress` gets the last heartbeat of what the job is doing, every 2 s or so.
   * Throws an ApplicationFailure: `JOB_FAILED` with the job's own message (not retryable), `CONNECTION_LOST` (retryable).
   */
  follow<R>(jobId: string, options: { readonly signal: AbortSignal; readonly onProgress: (heartbeat: Json) => void }): Promise<R>;
  /** Cancels a job and waits until it has closed; one that never started or has closed is fine. Throws `CONNECTION_LOST`. */
  cancel(jobId: string, signal: AbortSignal): Promise<void>;
}
