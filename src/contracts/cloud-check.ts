import type { DriftCounts } from './drift.ts';

/** Workflow type, its id when it is asked for, and the schedule that starts it by itself. */
export const CHECK_CLOUD = { workflow_type: 'checkCloud', workflow_id: 'cerebros-check-cloud', schedule_id: 'cerebros-drift' } as const;

/** What became of a row that its saga had left unfinished. `failed`: it is tried again at the next check. */
export interface RowResolution {
  readonly urn: string;
  readonly action: 'deleted' | 'left' | 'failed';
  /** Why, at most 300 characters. */
  readonly reason: string;
}

/** What a check does besides looking. */
export interface CloudCheckInput {
  /** Whether rows that sagas have left unfinished are resolved first, which deletes at the provider; otherwise nothing is changed there. */
  readonly resolve: boolean;
}

export interface CloudChecked {
  /** When it began to look, ISO 8601. */
  readonly checked_at: string;
  readonly counts: DriftCounts;
  /** Without what was left; at most 100. Empty when nothing was to be resolved. */
  readonly resolved: readonly RowResolution[];
}

/** Served on the queue of the cloud. */
export interface CloudCheckActivities {
  /** Looks at everything there is, and keeps a verdict on each resource. */
  checkCloud(input: CloudCheckInput): Promise<CloudChecked>;
}
