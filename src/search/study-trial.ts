import type { TrialError, TrialStatus } from '../contracts/nas-search.ts';
import type { Params } from '../contracts/search-space.ts';
import type { RungCheckpoint } from '../contracts/train-rung.ts';

/** A trial, as a study knows it; `TrialRecord` (what the scheduler reads) and `TrialRow` (what is stored) are parts of it. */
export interface StudyTrial {
  readonly number: number;
  readonly params: Params;
  param_count: number;
  status: TrialStatus;
  /** Values at the end of each rung that counts, in order. */
  readonly rungs: { readonly epochs: number; readonly value: number }[];
  /** Epochs that the rung under way leads to. */
  outstanding_to: number | null;
  failed: boolean;
  checkpoint: RungCheckpoint | null;
  weights_sha256: string | null;
  engine: string | null;
  error: TrialError | null;
  readonly started_at: string;
  completed_at: string | null;
}
