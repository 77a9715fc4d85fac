import { Context, log } from '@temporalio/activity';
import type { Reconciled, ReconcileActivities } from '../contracts/reconcile.ts';
import { Pulse } from './pulse.ts';

/** What this needs of the sagas; made from the client library. */
export interface EndedRuns {
  /** Rolls back what Temporal ended without undo; takes up no more runs once the signal aborts. */
  rollBackEnded(signal: AbortSignal): Promise<Reconciled>;
}

/** `ReconcileActivities`, on the client library. */
export function createReconcileActivities(ended: EndedRuns): ReconcileActivities {
  return {
    rollBackEnded: async () => {
      const pulse = new Pulse();
      try {
        const reconciled = await ended.rollBackEnded(Context.current().cancellationSignal);
        for (const id of reconciled.rolled_back) log.info(`rolling back ${id}, which Temporal ended without undo`);
        for (const { id, message } of reconciled.failed) log.warn(`cannot roll back ${id}, which Temporal ended without undo: ${message}`);
        return reconciled;
      } finally {
        pulse.stop();
      }
    },
  };
}
