import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UserError } from '../contracts/user-error.ts';
import { loadSettings } from '../config.ts';
import type { Settings } from '../config.ts';
import { lockDataDir } from './lock-file.ts';
import { claimPorts } from './ports.ts';
import type { PortChoice } from './ports.ts';
import { postgresPidFile, startPostgres } from './postgres-server.ts';
import type { RunningPostgres } from './postgres-server.ts';
import type { RunningServer } from './server-process.ts';
import { endLeftover } from './server-pid.ts';
import { removeStackFile } from './stack-file.ts';
import { findTemporalBinary } from './temporal-binary.ts';
import { startTemporal, temporalPidFile } from './temporal-server.ts';
import type { RunningTemporal } from './temporal-server.ts';
import type { BinaryFetcher } from './temporal-sources.ts';

/** The ports a stack takes when none are chosen. */
export const DEFAULT_PORTS = { port: 7233, ui_port: 8233, ledger_port: 5433, web_port: 8787 } as const;

/** What `cerebros dev` is asked for. Ports default to {@link DEFAULT_PORTS}; a relative data dir counts from the working folder. */
export interface StackOptions {
  readonly data_dir: string;
  readonly port?: PortChoice | undefined;
  readonly ui_port?: PortChoice | undefined;
  readonly ledger_port?: PortChoice | undefined;
}

/** What a start needs of the world. `env` defaults to the process's own; `signal` ends a start early. */
export interface StackContext {
  readonly log: (line: string) => void;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  readonly fetchers?: readonly BinaryFetcher[];
}

/** A running stack: all of it answers. */
export interface Stack {
  readonly data_dir: string;
  readonly temporal_address: string;
  readonly database_url: string;
  /** Temporal Web; null when Temporal is not ours. */
  readonly ui_url: string | null;
  /** Our processes: `dev`, and `temporal` and `postgres` when embedded. */
  readonly pids: Readonly<Record<string, number>>;
  /** Resolves when an embedded server ends although nobody called `stop`. Never rejects. */
  readonly died: Promise<UserError>;
  /** Removes `stack.json`, ends the servers and gives the data dir free; safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Starts Temporal and Postgres at once and waits until both answer; `TEMPORAL_ADDRESS` and `DATABASE_URL` stand for servers that run
 * already. The caller writes `stack.json` when the rest is ready too. Throws a `UserError` (`STACK_RUNNING`, `PORT_TAKEN`,
 * `DATA_DIR_UNUSABLE`, `NO_TEMPORAL`, `SERVER_NOT_STARTED` …) and leaves nothing running then.
 */
export async function startStack(options: StackOptions, context: StackContext): Promise<Stack> {
  const settings = loadSettings(context.env ?? process.env);
  const dataDir = resolve(options.data_dir);
  prepareDataDir(dataDir);
  const lock = lockDataDir(dataDir);
  try {
    removeStackFile(dataDir);
    // Before the ports are looked at, which a leftover may hold.
    await Promise.all([endLeftover(temporalPidFile(dataDir)), endLeftover(postgresPidFile(dataDir))]);
    if (settings.temporal_address !== null) context.log(`Temporal: ${settings.temporal_address}, as TEMPORAL_ADDRESS says`);
    if (settings.database_url !== null) context.log('Postgres: the one DATABASE_URL names');
    const servers = await startServers({ ...options, data_dir: dataDir }, settings, context);
    return stackOf(dataDir, settings, servers, () => lock.release());
  } catch (error) {
    lock.release();
    throw error;
  }
}

interface Servers {
  readonly temporal: RunningTemporal | null;
  readonly postgres: RunningPostgres | null;
}

async function startServers(options: StackOptions, settings: Settings, context: StackContext): Promise<Servers> {
  const embedTemporal = settings.temporal_address === null;
  const embedPostgres = settings.database_url === null;
  const portOf = await claimPorts({
    '--port': embedTemporal ? (options.port ?? DEFAULT_PORTS.port) : 'auto',
    '--ui-port': embedTemporal ? (options.ui_port ?? DEFAULT_PORTS.ui_port) : 'auto',
    '--ledger-port': embedPostgres ? (options.ledger_port ?? DEFAULT_PORTS.ledger_port) : 'auto',
  });
  // The first to fail ends the other's start too.
  const failed = new AbortController();
  const signal = context.signal === undefined ? failed.signal : AbortSignal.any([context.signal, failed.signal]);
  const common = { dataDir: options.data_dir, cacheDir: settings.cache_dir, env: context.env ?? process.env, signal };
  const temporalOptions = { ...common, port: portOf('--port'), uiPort: portOf('--ui-port'), namespace: settings.temporal_namespace };
  const temporal = embedTemporal
    ? findTemporalBinary({ ...context, ...common }).then((executable) => startTemporal({ ...temporalOptions, executable }))
    : null;
  const postgres = embedPostgres ? startPostgres({ ...common, port: portOf('--ledger-port') }) : null;
  await allOrNone([temporal, postgres], failed);
  return { temporal: await temporal, postgres: await postgres };
}

/** Waits for all; when one fails, the others are ended and its error is thrown. */
async function allOrNone(starting: readonly (Promise<RunningServer> | null)[], failed: AbortController): Promise<void> {
  const errors: unknown[] = [];
  const settled = starting.map(async (server) => {
    try {
      return await server;
    } catch (error) {
      errors.push(error);
      failed.abort();
      return null;
    }
  });
  const servers = await Promise.all(settled);
  if (errors.length === 0) return;
  await Promise.all(servers.map(async (server) => server?.stop()));
  throw errors[0];
}

function stackOf(dataDir: string, settings: Settings, servers: Servers, release: () => void): Stack {
  const { temporal, postgres } = servers;
  const running = [temporal, postgres].filter((server) => server !== null);
  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    removeStackFile(dataDir);
    await Promise.all(running.map((server) => server.stop()));
    release();
  };
  return {
    data_dir: dataDir,
    temporal_address: settings.temporal_address ?? expectSet(temporal?.address),
    database_url: settings.database_url ?? expectSet(postgres?.databaseUrl),
    ui_url: temporal?.uiUrl ?? null,
    pids: { dev: process.pid, ...(temporal ? { temporal: temporal.pid } : {}), ...(postgres ? { postgres: postgres.pid } : {}) },
    died: new Promise((tell) => {
      for (const server of running) void server.ended.then((error) => stopping === undefined && tell(error));
    }),
    stop: () => (stopping ??= stop()),
  };
}

function expectSet(value: string | undefined): string {
  if (value === undefined) throw new Error('a server is neither embedded nor named by the settings');
  return value;
}

/** Makes the data dir and proves that it can be written. */
function prepareDataDir(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true });
    // By writing: root passes every check of permissions, also on a read-only file system.
    const probe = join(dataDir, `.probe-${process.pid}`);
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (error) {
    throw new UserError('DATA_DIR_UNUSABLE', `The data dir ${dataDir} cannot be written: ${String(error)}.`, {
      hint: 'Choose a folder of yours with --data-dir DIR or CEREBROS_DATA_DIR.',
      exitCode: 2,
      cause: error,
    });
  }
}
