import type { Cerebros } from './connect.ts';
import { reenter, type ReentryResult } from './reenter.ts';
import { planRollback } from './reentry.ts';

export interface RollbackRunOptions {
  /** The run's reason afterwards, such as `cancelled`. Default: why it stopped. */
  readonly reason?: string | undefined;
  /** Only say what would be undone. Default false. */
  readonly dry_run?: boolean | undefined;
}

/** Undoes a run that is halted, or that Temporal ended without undo. Throws as `reenter` does. */
export function rollbackRun(cerebros: Cerebros, id: string, { reason, dry_run }: RollbackRunOptions = {}): Promise<ReentryResult> {
  return reenter(cerebros, id, {
    plan: (folded) => planRollback(folded, reason === undefined ? {} : { reason }),
    status: 'compensating',
    dry_run,
  });
}
