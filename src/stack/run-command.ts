import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

/** A Unix user to run a command as. */
export interface UnixUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** How to run a command; `timeoutMs` bounds it, `signal` ends it early. */
export interface CommandOptions {
  readonly timeoutMs: number;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly user?: UnixUser | null;
  readonly signal?: AbortSignal | undefined;
}

/** What came of a command: `problem` is null when it ended with code 0, else why it did not. */
export interface CommandResult {
  readonly output: string;
  readonly problem: string | null;
}

const OUTPUT_CHARACTERS_MAX = 64 * 1024;

/** Runs a command to its end, without a shell. Never rejects; keeps the last 64 KiB of what it printed. */
export async function runCommand(command: string, args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  if (options.signal?.aborted === true) return { output: '', problem: 'interrupted' };
  const child = spawn(command, [...args], {
    cwd: options.cwd ?? '/',
    env: options.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that a deadline also ends what the command itself has started.
    detached: true,
    ...(options.user ? { uid: options.user.uid, gid: options.user.gid } : {}),
  });
  let stopped: string | null = null;
  const stop = (why: string): void => {
    stopped ??= why;
    killGroup(child);
  };
  const onAbort = (): void => stop('interrupted');
  const timer = setTimeout(() => stop(`not done after ${options.timeoutMs / 1000} s`), options.timeoutMs);
  options.signal?.addEventListener('abort', onAbort, { once: true });
  const ended = await outcomeOf(child);
  clearTimeout(timer);
  options.signal?.removeEventListener('abort', onAbort);
  return stopped === null ? ended : { output: ended.output, problem: stopped };
}

function outcomeOf(child: ChildProcess): Promise<CommandResult> {
  let output = '';
  const collect = (chunk: Buffer): void => {
    output = (output + chunk.toString('utf8')).slice(-OUTPUT_CHARACTERS_MAX);
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ output, problem: error.message }));
    child.once('close', (code, signal) => {
      resolve({ output, problem: code === 0 ? null : signal === null ? `exit code ${code}` : `ended by ${signal}` });
    });
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
