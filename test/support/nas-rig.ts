import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker, type WorkflowBundle } from '@temporalio/worker';
import { connect, type Cerebros } from '../../src/client/connect.ts';
import { resolveConnections } from '../../src/config.ts';
import { QUEUES } from '../../src/contracts/queues.ts';
import { SEARCH_ATTRIBUTES } from '../../src/contracts/search-attributes.ts';
import { DATA_CONVERTER } from '../../src/data-converter.ts';
import { openLedger, type Sql } from '../../src/ledger/connection.ts';
import { createWorkerActivities } from '../../src/worker-activities.ts';
import { createTestDatabase } from './postgres.ts';
import { until } from './until.ts';

/** Takes the place of an activity, which `proceed` runs. */
export type Around = (input: never, proceed: () => Promise<unknown>) => Promise<unknown>;

/** A worker in this process that serves all that `cerebros worker` serves, in a namespace, with a ledger and a folder of its own. */
export interface NasRig {
  readonly cerebros: Cerebros;
  readonly client: Client;
  readonly sql: Sql;
  readonly databaseUrl: string;
  readonly artifactsDir: string;
  /** Puts something around an activity of one search, its trials included; the last one set counts. */
  around(searchId: string, activity: string, around: Around): void;
  /** Ends the workers as a redeployment does, and starts others. */
  restartWorkers(): Promise<void>;
  stop(): Promise<void>;
}

export interface NasRigOptions {
  /** Default: the server and a new database of this test run. */
  readonly servers?: { readonly address: string; readonly databaseUrl: string };
  /** Does the worker take searches? Default true. */
  readonly enabled?: boolean;
}

export async function startNasRig({ servers, enabled = true }: NasRigOptions = {}): Promise<NasRig> {
  const database = servers ? { url: servers.databaseUrl, drop: async () => undefined } : await createTestDatabase();
  const address = servers?.address ?? process.env['CEREBROS_TEST_ADDRESS'] ?? '';
  const namespace = servers ? 'default' : `nas-${randomBytes(4).toString('hex')}`;
  const dataDir = mkdtempSync('/var/tmp/cerebros-nas-');
  chmodSync(dataDir, 0o755);
  const connections = resolveConnections(
    { address, namespace, database_url: database.url, data_dir: dataDir },
    { CEREBROS_NAS_ENABLED: String(enabled), XDG_CONFIG_HOME: '/nonexistent' },
  );
  const cerebros = connect({ connections });
  const [client, sql] = [await cerebros.temporal(), openLedger(database.url, { max: 10 })];
  if (!servers) await makeNamespace(client, namespace);
  const arounds = new Map<string, Around>();
  const { main, compute } = createWorkerActivities({ sql, database_url: database.url, client, cerebros, settings: connections.settings });
  const serve = (): Promise<Serving> =>
    startWorkers({ address, namespace, main: wrapped(main, arounds), compute: wrapped(compute, arounds) });
  let serving = await serve();
  return {
    cerebros,
    client,
    sql,
    databaseUrl: database.url,
    artifactsDir: connections.settings.artifacts_dir,
    around: (searchId, activity, around) => void arounds.set(`${searchId} ${activity}`, around),
    restartWorkers: async () => {
      await serving.stop();
      serving = await serve();
    },
    stop: async () => {
      await serving.stop();
      await cerebros.close();
      await sql.end({ timeout: 1 });
      await database.drop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** A namespace keeps the queues, whose names are fixed, apart from those of other test files. */
async function makeNamespace({ connection }: Client, namespace: string): Promise<void> {
  const keyword = 2;
  const searchAttributes = Object.fromEntries(Object.values(SEARCH_ATTRIBUTES).map((key) => [key.name, keyword]));
  await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: { seconds: 86_400 as never } });
  await until(async () => {
    try {
      await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
      const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
      return Object.keys(searchAttributes).every((name) => name in (customAttributes ?? {}));
    } catch {
      return false; // the server has not heard of the namespace yet
    }
  });
}

type Activity = (...args: readonly unknown[]) => Promise<unknown>;

/** The workflows of a search are named by its id, and what follows the first dot. */
function wrapped(activities: object, arounds: ReadonlyMap<string, Around>): object {
  const entries = Object.entries(activities as Record<string, Activity>).map(([name, activity]) => [
    name,
    async (...args: readonly unknown[]) => {
      const searchId = Context.current().info.workflowExecution?.workflowId.split('.')[0] ?? '';
      const around = arounds.get(`${searchId} ${name}`);
      return around ? around(args[0] as never, () => activity(...args)) : activity(...args);
    },
  ]);
  return Object.fromEntries(entries) as object;
}

interface Serving {
  stop(): Promise<void>;
}

interface Served {
  readonly address: string;
  readonly namespace: string;
  readonly main: object;
  readonly compute: object;
}

/** Of all searches of a test file together; a rung that is held takes one. */
const COMPUTE_SLOTS = 20;

let runtime: Runtime | undefined;

async function startWorkers({ address, namespace, main, compute }: Served): Promise<Serving> {
  runtime ??= Runtime.install({
    logger: new DefaultLogger('ERROR'),
    shutdownSignals: [],
    telemetryOptions: { logging: { filter: 'error', forward: {} } },
  });
  const connection = await NativeConnection.connect({ address });
  const shared = { connection, namespace, dataConverter: DATA_CONVERTER, shutdownGraceTime: '1s', maxHeartbeatThrottleInterval: '1s' };
  const workers = await Promise.all([
    Worker.create({
      ...shared,
      taskQueue: QUEUES.main,
      workflowBundle: await nasBundle(),
      activities: main,
      stickyQueueScheduleToStartTimeout: '1s',
    }),
    Worker.create({ ...shared, taskQueue: QUEUES.compute, activities: compute, maxConcurrentActivityTaskExecutions: COMPUTE_SLOTS }),
  ]);
  const running = Promise.all(workers.map((worker) => worker.run()));
  return {
    stop: async () => {
      for (const worker of workers) worker.shutdown();
      await running;
      await connection.close();
    },
  };
}

let bundle: Promise<WorkflowBundle> | undefined;

/** Our workflows as they stand in the sources, bundled once per process. */
function nasBundle(): Promise<WorkflowBundle> {
  bundle ??= bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../../src/workflows/index.ts', import.meta.url)),
    payloadConverterPath: fileURLToPath(new URL('../../src/contracts/payload-converter.ts', import.meta.url)),
    logger: new DefaultLogger('ERROR'),
  });
  return bundle;
}
