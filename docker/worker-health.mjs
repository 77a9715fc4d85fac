// Healthcheck of the worker's container: exit 0 when Temporal has heard a poll of this very host within the last two minutes.
import { hostname } from 'node:os';
import proto from '@temporalio/proto';
import { connect } from '../dist/client/connect.js';

/** A long poll takes one minute. */
const SILENT_MS_MAX = 120_000;
const { TaskQueueType } = proto.temporal.api.enums.v1;

const queue = process.argv[2] ?? 'cerebros';
const cerebros = connect();
try {
  const { workflowService, options } = await cerebros.temporal();
  const request = { namespace: options.namespace, taskQueue: { name: queue }, taskQueueType: TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY };
  const { pollers } = await workflowService.describeTaskQueue(request);
  const mine = pollers.filter(({ identity }) => identity.endsWith(`@${hostname()}`));
  const heard = Math.max(0, ...mine.map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000));
  if (Date.now() - heard > SILENT_MS_MAX) throw new Error(`no worker of ${hostname()} polls ${queue}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await cerebros.close();
}
