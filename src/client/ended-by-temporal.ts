import type { WorkflowExecutionDescription } from '@temporalio/client';
import { CLOSED_STATUSES, type SagaRun } from '../contracts/ledger.ts';

/** Ends that no workflow code saw: nothing was undone, and the row still says that the run is under way. */
const REASONS: ReadonlyMap<string, string> = new Map([
  ['TERMINATED', 'terminated'],
  ['TIMED_OUT', 'timeout'],
]);

/** Did Temporal end the run without its code? */
export function endedByTemporal(description: WorkflowExecutionDescription | undefined): boolean {
  return REASONS.has(description?.status.name ?? '');
}

/** The run as it is: `failed` with the reason when Temporal ended it without undo, else unchanged. */
export function asEnded(run: SagaRun, description: WorkflowExecutionDescription | undefined): SagaRun {
  const reason = REASONS.get(description?.status.name ?? '');
  if (reason === undefined || CLOSED_STATUSES.includes(run.status)) return run;
  return {
    ...run,
    status: 'failed',
    error: { reason, compensate_from_idx: null },
    completed_at: description?.closeTime?.toISOString() ?? run.completed_at,
  };
}
