import proto from '@temporalio/proto';
import { pauseFor } from '../../client/bounded.ts';
import { callTemporal, connect, type Cerebros } from '../../client/connect.ts';
import type { Connections } from '../../config.ts';
import { QUEUES } from '../../contracts/queues.ts';
import { UserError } from '../../contracts/user-error.ts';
import { EXIT } from '../exit-codes.ts';

const { TaskQueueType } = proto.temporal.api.enums.v1;

/** A worker polls within a second; longer, in ms, means that something is wrong. */
const READY_MS = 20_000;

/** Until Temporal itself says that the worker of this identity polls every queue. Throws WORKER_NOT_POLLING. */
export async function untilPolling(connections: Connections, queues: readonly string[], identity: string): Promise<void> {
  const cerebros = connect({ connections });
  const deadline = Date.now() + READY_MS;
  try {
    for (const queue of queues) await untilPolled(cerebros, { queue, identity, deadline });
  } finally {
    await cerebros.close();
  }
}

interface Poll {
  readonly queue: string;
  readonly identity: string;
  readonly deadline: number;
}

async function untilPolled(cerebros: Cerebros, awaited: Poll): Promise<void> {
  while (!(await polls(cerebros, awaited))) {
    if (Date.now() > awaited.deadline) throw notPolling(awaited.queue);
    await pauseFor(50);
  }
}

async function polls(cerebros: Cerebros, { queue, identity }: Poll): Promise<boolean> {
  const taskQueueType = queue === QUEUES.main ? TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW : TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY;
  const { namespace } = cerebros.connections.temporal;
  const request = { namespace, taskQueue: { name: queue }, taskQueueType };
  const { pollers } = await callTemporal(cerebros, (client) => client.workflowService.describeTaskQueue(request));
  return pollers?.some((poller) => poller.identity === identity) ?? false;
}

function notPolling(queue: string): UserError {
  return new UserError('WORKER_NOT_POLLING', `queue ${queue}: expected to poll it within ${READY_MS} ms, Temporal sees no poll`, {
    hint: 'look at the lines above',
    exitCode: EXIT.unreachable,
  });
}
