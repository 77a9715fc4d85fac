/** Workflow type, and the schedule that starts it. */
export const RECONCILE = { workflow_type: 'reconcile', schedule_id: 'cerebros-reconcile' } as const;

/** What one look for runs that Temporal ended without undo has come to. */
export interface Reconciled {
  /** Ids of the runs whose rollback was started, newest end first. */
  readonly rolled_back: readonly string[];
  /** Runs that could not be rolled back; the next look tries again. */
  readonly failed: readonly ReconcileFailure[];
}

export interface ReconcileFailure {
  readonly id: string;
  /** Cut to 300 characters. */
  readonly message: string;
}

/** Served by every worker of the main queue. */
export interface ReconcileActivities {
  /** Rolls back runs that Temporal ended without undo: terminated, timed out, over a limit. */
  rollBackEnded(): Promise<Reconciled>;
}
