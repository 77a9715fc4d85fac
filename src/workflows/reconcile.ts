import { proxyActivities } from '@temporalio/workflow';
import type { Reconciled, ReconcileActivities } from '../contracts/reconcile.ts';

const { rollBackEnded } = proxyActivities<ReconcileActivities>({
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout: '30 seconds',
  retry: { initialInterval: '1 second', maximumAttempts: 3 },
  summary: 'roll back what Temporal ended',
});

/** One look for runs that Temporal ended without undo. It is no saga: what it starts are sagas, and the next look finds what it missed. */
export function reconcile(): Promise<Reconciled> {
  return rollBackEnded();
}
