import type { Client } from '@temporalio/client';
import { ensureSchedule, type RecurringWorkflow } from './client/ensure-schedule.ts';
import type { Settings } from './config.ts';
import { CHECK_CLOUD } from './contracts/cloud-check.ts';
import { QUEUES } from './contracts/queues.ts';
import { RECONCILE } from './contracts/reconcile.ts';

/** Of one run of a schedule, in ms: its activity may be tried three times. */
const TIMEOUT_MS = 20 * 60_000;

/** What a worker is, as far as it says which schedules it makes. */
export interface ScheduledWorker {
  readonly queues: readonly string[];
  readonly settings: Settings;
}

/** Brings the schedules whose work the worker does up to date. One that cannot be is told to `warn`: a worker serves without. */
export async function ensureSchedules(client: Client, worker: ScheduledWorker, warn: (message: string) => void): Promise<void> {
  for (const schedule of schedulesOf(worker)) {
    try {
      await ensureSchedule(client, schedule);
    } catch (error) {
      warn(`the schedule ${schedule.id} could not be brought up to date: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

function schedulesOf({ queues, settings }: ScheduledWorker): readonly RecurringWorkflow[] {
  const reconcile: RecurringWorkflow = {
    id: RECONCILE.schedule_id,
    every_ms: settings.reconcile_every_ms,
    workflow_type: RECONCILE.workflow_type,
    queue: QUEUES.main,
    timeout_ms: TIMEOUT_MS,
    summary: 'roll back runs that Temporal ended without undo',
  };
  const checkCloud: RecurringWorkflow = {
    id: CHECK_CLOUD.schedule_id,
    every_ms: settings.drift_every_ms,
    workflow_type: CHECK_CLOUD.workflow_type,
    queue: QUEUES.main,
    input: { resolve: true },
    timeout_ms: TIMEOUT_MS,
    summary: 'compare the cloud with the ledger',
  };
  const checks = queues.includes(QUEUES.cloud) && settings.cloud_token !== null;
  return [...(queues.includes(QUEUES.main) ? [reconcile] : []), ...(checks ? [checkCloud] : [])];
}
