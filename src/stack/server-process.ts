import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../contracts/user-error.ts';
import { throwIfInterrupted } from './interrupted.ts';
import type { UnixUser } from './run-command.ts';
import { recordServer } from './server-pid.ts';
import { stopProcess } from './stop-process.ts';
import type { StopStep } from './stop-process.ts';
import { tailBlock } from './tail.ts';
import { watchOver } from './watchdog.ts';

const LOG_BYTES_MAX = 10 * 1024 * 1024;
const POLL_MS = 25;

/** A server to run as a child. */
export interface ServerSpec {
  readonly name: 'Temporal' | 'Postgres';
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Null: as ourselves. */
  readonly user: UnixUser | null;
  readonly logFile: string;
  readonly pidFile: string;
  /** A part of its command line that no other program has; see `ServerRecord`. */
  readonly mark: string;
  /** Tried in order; SIGKILL follows. */
  readonly stopSteps: readonly [StopStep, ...StopStep[]];
  /** Throws as long as the server is not ready; a `UserError` when it never will be. */
  readonly probe: () => Promise<void>;
  readonly startTimeoutMs: number;
}

/** A server of the stack that is ready. */
export interface RunningServer {
  readonly pid: number;
  /** Resolves when it ends, to the error to show if nobody stopped it. Never rejects. */
  readonly ended: Promise<UserError>;
  /** Ends it and waits until it has; safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Starts a server and waits until it is ready. Its life is tied to ours: it has its own process group, so Ctrl-C in the terminal
 * reaches only us and we stop it in order; a watchdog ends it when we are killed; should that die too, the next start ends it
 * (`endLeftover`). Throws `SERVER_NOT_STARTED` with the end of its log, or `INTERRUPTED`; nothing is left running then.
 */
export async function startServer(spec: ServerSpec, signal?: AbortSignal): Promise<RunningServer> {
  throwIfInterrupted(signal, `starting ${spec.name}`);
  const child = spawnLogged(spec);
  const exited = exitOf(child);
  const pid = child.pid;
  if (pid === undefined) throw notStarted(spec, await exited);
  recordServer(spec.pidFile, { pid, mark: spec.mark });
  const watchdog = watchOver(pid, spec.stopSteps[0].signal);
  const ended = exited.then((how) => {
    watchdog.dismiss();
    rmSync(spec.pidFile, { force: true });
    return unexpectedEnd(spec, how);
  });
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= stopProcess(pid, spec.stopSteps, ended));
  try {
    await untilReady(spec, exited, signal);
  } catch (error) {
    await stop();
    throw error;
  }
  return { pid, ended, stop };
}

async function untilReady(spec: ServerSpec, exited: Promise<string>, signal: AbortSignal | undefined): Promise<void> {
  const deadline = Date.now() + spec.startTimeoutMs;
  const exit: { how: string | null } = { how: null };
  void exited.then((how) => (exit.how = how));
  for (;;) {
    const problem = await problemOf(spec);
    // Asked after the probe: what answered may be another server, and ours have failed for the port.
    if (exit.how !== null) throw notStarted(spec, `it ended while starting, ${exit.how}`);
    if (problem === null) return;
    throwIfInterrupted(signal, `${spec.name} was starting`);
    if (problem instanceof UserError) throw problem;
    if (Date.now() > deadline) throw notStarted(spec, `no good answer in ${spec.startTimeoutMs / 1000} s, last: ${problem.message}`);
    await sleep(POLL_MS);
  }
}

async function problemOf(spec: ServerSpec): Promise<Error | null> {
  try {
    await spec.probe();
    return null;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function notStarted(spec: ServerSpec, why: string): UserError {
  return new UserError('SERVER_NOT_STARTED', `${spec.name} did not start: ${why}.${tailBlock(spec.logFile)}`, {
    hint: `Look into ${spec.logFile}, then run it again.`,
    exitCode: 3,
  });
}

function unexpectedEnd(spec: ServerSpec, how: string): UserError {
  return new UserError('SERVER_DIED', `${spec.name} ended unexpectedly: ${how}.${tailBlock(spec.logFile)}`, {
    hint: 'Run `cerebros dev` again: every run goes on where it was.',
    exitCode: 3,
  });
}

function spawnLogged(spec: ServerSpec): ChildProcess {
  mkdirSync(dirname(spec.logFile), { recursive: true });
  const size = statSync(spec.logFile, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_BYTES_MAX) renameSync(spec.logFile, `${spec.logFile}.1`);
  const log = openSync(spec.logFile, 'a', 0o600);
  try {
    return spawn(spec.command, [...spec.args], {
      // Another user may not be able to enter our working folder.
      cwd: '/',
      env: spec.env,
      stdio: ['ignore', log, log],
      detached: true,
      ...(spec.user === null ? {} : { uid: spec.user.uid, gid: spec.user.gid }),
    });
  } finally {
    closeSync(log);
  }
}

function exitOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `ended by ${signal}`));
  });
}
