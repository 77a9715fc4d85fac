/**
 * Row versions. A row flushed during a workflow task carries where in which history that was, so that the ledger can be checked
 * against the history up to exactly that point: `version = run_no × 10⁹ + history_length × 10⁴ + n`.
 *
 * - `run_no`: 1 for the first run of an id, one more for each re-entry and continue-as-new.
 * - `history_length`: `workflowInfo().historyLength`, the id of the WorkflowTaskStarted event (at most 51,200).
 * - `n`: which flush of that workflow task, from 0 (at most 9,999).
 */
export interface RowVersion {
  readonly run_no: number;
  readonly history_length: number;
  readonly n: number;
}

export function formatVersion({ run_no, history_length, n }: RowVersion): number {
  return run_no * 1e9 + history_length * 1e4 + Math.min(n, 9999);
}

export function parseVersion(version: number): RowVersion {
  return {
    run_no: Math.floor(version / 1e9),
    history_length: Math.floor((version % 1e9) / 1e4),
    n: version % 1e4,
  };
}
