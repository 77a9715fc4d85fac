import { hostname } from 'node:os';
import { Client } from '@temporalio/client';
import { NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { createWorkerActivities, type WorkerActivities } from './worker-activities.ts';
import { connect } from './client/connect.ts';
import { requireDatabaseUrl, type Connections } from './config.ts';
import { UserError } from './contracts/user-error.ts';
import { OWN_QUEUES, QUEUES } from './contracts/queues.ts';
import { SEARCH_ATTRIBUTES } from './contracts/search-attributes.ts';
import { DATA_CONVERTER } from './data-converter.ts';
import { setWorkerIdentity } from './activities/serve-steps.ts';
import { openLedger, withLedger } from './ledger/connection.ts';
import { migrate } from './ledger/migrate.ts';
import { workerLogger } from './worker-log.ts';
import { ensureSchedules } from './worker-schedules.ts';
import { workflowBundle } from './workflow-bundle.ts';

export interface WorkerStart {
  readonly connections: Connections;
  /** Queues to serve. Default: all of ours. */
  readonly queues?: readonly string[];
}

/** A worker process: one Temporal worker a queue, over one connection. */
export interface CerebrosWorker {
  /** Serves until `shutdown`; rejects when a worker fails. */
  run(): Promise<void>;
  /** Takes no new tasks, lets running ones finish for at most 5 s, then cancels them. */
  shutdown(): void;
}

/** How long running activities may take to end at a shutdown, before they are cancelled. */
const GRACE = '5 seconds';

/** Connects, brings the ledger's tables up to date, and checks what a worker needs. Throws a `UserError` when our search attributes are not registered. */
export async function startWorker({ connections, queues = OWN_QUEUES }: WorkerStart): Promise<CerebrosWorker> {
  const logger = workerLogger();
  Runtime.install({ shutdownSignals: [], logger, telemetryOptions: { logging: { filter: 'warn', forward: {} } } });
  const identity = `${process.pid}@${hostname()}`;
  setWorkerIdentity(identity);
  const { connection: options, namespace } = connections.temporal;
  const connection = await NativeConnection.connect(options);
  await requireSearchAttributes(connection, namespace);
  const databaseUrl = requireDatabaseUrl(connections);
  await withLedger(databaseUrl, migrate);
  const sql = openLedger(databaseUrl, { max: 10, application_name: 'cerebros-worker' });
  const client = new Client({ connection, namespace, dataConverter: DATA_CONVERTER });
  const cerebros = connect({ connections });
  const activities = createWorkerActivities({ sql, database_url: databaseUrl, client, cerebros, settings: connections.settings });
  const shared = { connection, namespace, identity, dataConverter: DATA_CONVERTER, shutdownGraceTime: GRACE };
  const workers = await Promise.all(queues.map((queue) => Worker.create({ ...shared, ...optionsOf(queue, activities) })));
  await ensureSchedules(client, { queues, settings: connections.settings }, (message) => logger.warn(message));
  return {
    run: async () => {
      try {
        await Promise.all(workers.map((worker) => worker.run()));
      } finally {
        await cerebros.close();
        await sql.end({ timeout: 1 });
        await connection.close();
      }
    },
    shutdown: () => {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    },
  };
}

/**
 * The main queue's numbers are measured (docs/decisions): many slots and pollers because its tasks are short, one workflow thread, a cache
 * for every run in flight, and a short sticky timeout so that a dead worker's runs move on within seconds.
 */
function optionsOf(queue: string, activities: WorkerActivities): WorkerOptions {
  switch (queue) {
    case QUEUES.main:
      return {
        taskQueue: queue,
        workflowBundle: workflowBundle(),
        activities: activities.main,
        maxConcurrentWorkflowTaskExecutions: 40,
        maxConcurrentActivityTaskExecutions: 200,
        maxConcurrentLocalActivityExecutions: 200,
        maxCachedWorkflows: 500,
        stickyQueueScheduleToStartTimeout: '3 seconds',
        maxHeartbeatThrottleInterval: '2 seconds',
      };
    case QUEUES.compute:
      return {
        taskQueue: queue,
        activities: activities.compute,
        maxConcurrentActivityTaskExecutions: activities.computeSlots,
        maxHeartbeatThrottleInterval: '2 seconds',
      };
    case QUEUES.cloud:
      return {
        taskQueue: queue,
        activities: activities.cloud,
        maxConcurrentActivityTaskExecutions: 50,
        maxHeartbeatThrottleInterval: '2 seconds',
      };
    default:
      throw new UserError('UNKNOWN_QUEUE', `expected queues among ${OWN_QUEUES.join(', ')}, got "${queue}"`, {
        hint: 'a worker of ours serves our queues only; other queues belong to external workers',
        exitCode: 2,
      });
  }
}

async function requireSearchAttributes(connection: NativeConnection, namespace: string): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = Object.values(SEARCH_ATTRIBUTES).filter((key) => !(key.name in (customAttributes ?? {})));
  if (missing.length === 0) return;
  const flags = missing.map((key) => `--name ${key.name} --type Keyword`).join(' ');
  throw new UserError(
    'SEARCH_ATTRIBUTES_MISSING',
    `namespace ${namespace} does not know the search attributes ${missing.map((key) => key.name).join(', ')}`,
    {
      hint: `temporal operator search-attribute create --namespace ${namespace} ${flags}`,
      exitCode: 2,
    },
  );
}
