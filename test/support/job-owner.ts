import type { HeartbeatProgress } from '../../src/contracts/progress.ts';

/** Input of the workflow `jobOwner`. */
export interface JobOwnerInput {
  /** What its first job keeps in its memo. */
  readonly memo: HeartbeatProgress;
  /** What each activity of that job heartbeats as `done`. */
  readonly beats: readonly number[];
  /** Queue of those activities. */
  readonly queue: string;
  /** Of the first job's id, which is then `<run id>.<suffix>`; `build` is its step. */
  readonly suffix: string;
}

export interface WorkActivities {
  /** Heartbeats `{done, total: 10}`, and waits for the test. */
  work(done: number): Promise<void>;
}
