import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { connect } from '../../src/client/connect.ts';
import { resolveConnections } from '../../src/config.ts';
import type { Sql } from '../../src/ledger/connection.ts';
import { commandOf } from '../../src/stack/process-table.ts';
import { readStackFile, type StackFile } from '../../src/stack/stack-file.ts';
import { until } from './until.ts';

// Cerebros as a user has it: the built program in processes of its own.

/** The checkout. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** The program behind `cerebros`. */
export const MAIN = join(ROOT, 'dist', 'cli', 'main.js');

/** What a command said. */
export interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output as JSON; undefined when it is none. */
  readonly json: unknown;
}

export interface CliOptions {
  /** For standard input; default none. */
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs one command to its end, with none of this machine's settings. */
export async function cli(args: readonly string[], { input = '', env = {} }: CliOptions = {}): Promise<Said> {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: ROOT, env: { ...bareEnv(), ...env } });
  const out = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (out.stderr += text));
  // A command that refuses its flags does not read.
  child.stdin.on('error', () => undefined).end(input);
  // A command that does not end must not outlive its test.
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  process.off('exit', kill);
  return { code, ...out, json: parsed(out.stdout) };
}

/** A `cerebros dev` of a test's own, on free ports. */
export interface DevStack {
  readonly dataDir: string;
  /** Process id and group of `cerebros dev`. */
  readonly pid: number;
  readonly client: Client;
  readonly sql: Sql;
  /** Runs a command against this stack. */
  cli(args: readonly string[], options?: CliOptions): Promise<Said>;
  /** Its answer as JSON. Throws when it exits with another code. */
  ask<T>(args: readonly string[], options?: CliOptions & { readonly code?: number }): Promise<T>;
  stackFile(): StackFile;
  /** What `dev` and its workers have said so far. */
  log(): string;
  /** Ctrl-C to the group; answers the exit code when everything has ended. Throws when something is left. The data dir stays. */
  interrupt(): Promise<number | null>;
  /** The same, and removes the data dir. */
  stop(): Promise<void>;
}

/** A folder for a stack that Postgres's own user can reach too. */
export function makeDataDir(): string {
  const dir = mkdtempSync('/var/tmp/cerebros-e2e-');
  chmodSync(dir, 0o755);
  return dir;
}

/** Starts `cerebros dev` and waits until `stack.json` says that it is ready. */
export async function startDev(dataDir: string = makeDataDir()): Promise<DevStack> {
  const ports = ['--port', '--ui-port', '--ledger-port', '--web-port'].flatMap((flag) => [flag, 'auto']);
  // A group of its own, as a terminal gives it.
  const child = spawn(process.execPath, [MAIN, 'dev', '--data-dir', dataDir, ...ports], {
    env: bareEnv(),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const pid = child.pid ?? 0;
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (log += text));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const kill = (): void => signalGroup(pid, 'SIGKILL');
  process.once('exit', kill);
  try {
    await until(() => readStackFile(dataDir) ?? refuseEnd(child.exitCode, log), 60_000, `a stack in ${dataDir}`);
  } catch (error) {
    kill();
    throw error;
  }
  const cerebros = connect({ connections: resolveConnections({ data_dir: dataDir }, {}) });
  const [client, sql] = await Promise.all([cerebros.temporal(), cerebros.ledger()]);
  const interrupt = async (): Promise<number | null> => {
    await cerebros.close();
    signalGroup(pid, 'SIGINT');
    const code = await ended;
    process.off('exit', kill);
    const left = processesOf(dataDir);
    if (left.length > 0) throw new Error(`expected no process of ${dataDir} after dev has ended, found ${left.join('; ')}`);
    return code;
  };
  const here = { CEREBROS_DATA_DIR: dataDir };
  const run: DevStack['cli'] = (args, { env, ...options } = {}) => cli(args, { ...options, env: { ...here, ...env } });
  return {
    dataDir,
    pid,
    client,
    sql,
    cli: run,
    ask: async <T>(args: readonly string[], { code = 0, ...options }: CliOptions & { readonly code?: number } = {}) =>
      expectJson(args, code, await run(args, options)) as T,
    stackFile: () => expectStackFile(dataDir),
    log: () => log,
    interrupt,
    stop: async () => {
      await interrupt();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Command lines of the processes that were told of this folder, by argument or by variable. */
export function processesOf(dataDir: string): string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const told = pids.filter((pid) => ['cmdline', 'environ'].some((file) => readProc(pid, file).includes(dataDir)));
  return told.map((pid) => `${pid} ${commandOf(Number(pid))}`).filter((line) => !/^\d+ $/.test(line));
}

/** The environment without anything that names a stack. */
export function bareEnv(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(TEMPORAL_|CEREBROS_|DATABASE_URL$|NODE_OPTIONS$|VITEST|FORCE_COLOR$)/.test(name),
  );
  // Temporal's profile file of whoever runs the tests says nothing here. Tests that end runs want to undo them themselves.
  return { ...Object.fromEntries(kept), XDG_CONFIG_HOME: '/nonexistent', CEREBROS_RECONCILE_EVERY_MS: '0', CEREBROS_DRIFT_EVERY_MS: '0' };
}

/** A signal to a process group; one that is gone does not mind. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // it has ended
  }
}

function readProc(pid: string, file: string): string {
  const path = join('/proc', pid, file);
  try {
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  } catch {
    return '';
  }
}

function refuseEnd(exitCode: number | null, log: string): null {
  if (exitCode !== null) throw new Error(`dev ended with ${exitCode}:\n${log}`);
  return null;
}

function expectStackFile(dataDir: string): StackFile {
  const file = readStackFile(dataDir);
  if (!file) throw new Error(`expected a stack.json in ${dataDir}`);
  return file;
}

function expectJson(args: readonly string[], code: number, said: Said): unknown {
  if (said.code === code && said.json !== undefined) return said.json;
  throw new Error(
    `cerebros ${args.join(' ')}: expected JSON and exit ${code}, got exit ${said.code}\n${said.stdout.slice(-2000)}${said.stderr}`,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
