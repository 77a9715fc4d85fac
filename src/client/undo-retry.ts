import type { Cerebros } from './connect.ts';
import { reenter, type ReentryResult } from './reenter.ts';
import { planUndoRetry } from './reentry.ts';

export interface UndoRetryOptions {
  /** Only say what would be undone. Default false. */
  readonly dry_run?: boolean | undefined;
}

/** Undoes again what is stuck in a run. Throws as `reenter` does. */
export function retryUndo(cerebros: Cerebros, id: string, { dry_run }: UndoRetryOptions = {}): Promise<ReentryResult> {
  return reenter(cerebros, id, { plan: planUndoRetry, status: 'compensating', dry_run });
}
