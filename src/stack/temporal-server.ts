import { Connection } from '@temporalio/client';
import { join } from 'node:path';
import { canConnect } from './ports.ts';
import { WITHOUT_PROXY } from './temporal-connection.ts';
import { startServer } from './server-process.ts';
import type { RunningServer, ServerSpec } from './server-process.ts';
import { SEARCH_ATTRIBUTES } from '../contracts/search-attributes.ts';

const START_TIMEOUT_MS = 60_000;
const CALL_TIMEOUT_MS = 3000;

const SEARCH_ATTRIBUTE_NAMES = Object.values(SEARCH_ATTRIBUTES).map((key) => key.name);

/** Each with its reason in docs/decisions/0004-embedded-temporal.md. */
const DYNAMIC_CONFIG = {
  'history.transferProcessorMaxPollRPS': 2000,
  'system.enableActivityEagerExecution': true,
  'matching.numTaskqueueReadPartitions': 1,
  'matching.numTaskqueueWritePartitions': 1,
} as const;

/** An embedded Temporal to start; `executable` as found by `findTemporalBinary`. */
export interface TemporalServerOptions {
  readonly executable: string;
  readonly dataDir: string;
  readonly namespace: string;
  readonly port: number;
  readonly uiPort: number;
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
}

/** A running Temporal and where it answers. */
export interface RunningTemporal extends RunningServer {
  readonly address: string;
  readonly uiUrl: string;
}

/**
 * Starts Temporal on a database file in the data dir and waits until the namespace and our search attributes are there. Throws
 * `SERVER_NOT_STARTED` with the end of its log.
 */
export async function startTemporal(options: TemporalServerOptions): Promise<RunningTemporal> {
  const databaseFile = join(options.dataDir, 'temporal.db');
  const flags: Readonly<Record<string, readonly string[]>> = {
    '--ip': ['127.0.0.1'],
    '--port': [String(options.port)],
    '--ui-port': [String(options.uiPort)],
    '--db-filename': [databaseFile],
    // Full: an acknowledged event survives a power cut, as the ledger's rows do.
    '--sqlite-pragma': ['journal_mode=wal', 'synchronous=2'],
    '--namespace': [options.namespace],
    '--search-attribute': SEARCH_ATTRIBUTE_NAMES.map((name) => `${name}=Keyword`),
    '--dynamic-config-value': Object.entries(DYNAMIC_CONFIG).map(([key, value]) => `${key}=${value}`),
    '--log-level': ['warn'],
  };
  const spec: ServerSpec = {
    name: 'Temporal',
    command: options.executable,
    args: ['server', 'start-dev', ...Object.entries(flags).flatMap(([flag, values]) => values.flatMap((value) => [flag, value]))],
    env: serverEnv(options.env),
    user: null,
    logFile: join(options.dataDir, 'logs', 'temporal.log'),
    pidFile: temporalPidFile(options.dataDir),
    mark: databaseFile,
    stopSteps: [{ signal: 'SIGTERM', waitMs: 10_000 }],
    probe: () => probe(options),
    startTimeoutMs: START_TIMEOUT_MS,
  };
  const server = await startServer(spec, options.signal);
  return { ...server, address: `127.0.0.1:${options.port}`, uiUrl: `http://127.0.0.1:${options.uiPort}` };
}

/** Where a data dir records its Temporal's process. */
export function temporalPidFile(dataDir: string): string {
  return join(dataDir, 'temporal.pid');
}

/** The settings of clients say nothing about a server, and some stop the CLI (a TEMPORAL_CONFIG_FILE that is not there). */
function serverEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_'));
  return { ...Object.fromEntries(kept), TEMPORAL_VERSION_CHECK_DISABLED: '1' };
}

async function probe(options: TemporalServerOptions): Promise<void> {
  // gRPC's own wait after a refused connection is a second; a bare TCP connection tells sooner.
  await canConnect(options.port);
  const address = `127.0.0.1:${options.port}`;
  const connection = await Connection.connect({ address, connectTimeout: CALL_TIMEOUT_MS, ...WITHOUT_PROXY });
  try {
    await connection.withDeadline(Date.now() + CALL_TIMEOUT_MS, () => expectReady(connection, options.namespace));
  } finally {
    await connection.close();
  }
}

async function expectReady(connection: Connection, namespace: string): Promise<void> {
  await connection.workflowService.describeNamespace({ namespace });
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = SEARCH_ATTRIBUTE_NAMES.filter((name) => !(name in (customAttributes ?? {})));
  if (missing.length > 0) throw new Error(`search attributes ${missing.join(', ')} are not registered yet`);
}
