import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { CloudCheckActivities, CloudChecked, CloudCheckInput } from '../contracts/cloud-check.ts';
import { QUEUES } from '../contracts/queues.ts';

const { checkCloud: check } = proxyActivities<CloudCheckActivities>({
  taskQueue: QUEUES.cloud,
  scheduleToStartTimeout: '5 minutes',
  startToCloseTimeout: '15 minutes',
  heartbeatTimeout: '30 seconds',
  retry: { initialInterval: '1 second', maximumAttempts: 3 },
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  summary: 'compare the cloud with the ledger',
});

/** One look at the cloud, by default only that. It is no saga: nothing of it is to be undone, and the next look finds what it missed. */
export function checkCloud(input: CloudCheckInput = { resolve: false }): Promise<CloudChecked> {
  return check(input);
}
