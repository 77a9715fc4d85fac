import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { pauseFor, within } from '../../client/bounded.ts';
import { UserError } from '../../contracts/user-error.ts';
import { EXIT } from '../exit-codes.ts';

/** How a worker process is started and watched. */
export interface WorkerProcessOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly log: (line: string) => void;
  /** Told the process id of every worker that polls: the first, and each that takes its place. */
  readonly onReady: (pid: number) => void;
}

/** A worker in a process of its own, started again when it dies. */
export interface WorkerProcess {
  /** Resolves when it polls. Rejects with WORKER_NOT_STARTED. */
  readonly ready: Promise<void>;
  /** Rejects when it dies too often to go on. */
  readonly gaveUp: Promise<never>;
  /** Lets running tasks finish for at most 5 s. */
  stop(): Promise<void>;
  /** Ends it at once. */
  kill(): void;
}

/** A drain takes at most 5 s; then, in ms, it is killed. */
const STOP_MS = 7000;
const RESTARTS_MAX = 5;
const RESTART_AFTER_MS = 1000;
/** A worker that lived this long, in ms, did not die of its start: its death begins the count anew. */
const STEADY_MS = 60_000;

const fromSources = import.meta.url.endsWith('.ts');
const MAIN = fileURLToPath(new URL(fromSources ? '../../../dist/cli/main.js' : '../main.js', import.meta.url));

/** Starts a worker as `cerebros worker`. */
export function superviseWorker(options: WorkerProcessOptions): WorkerProcess {
  let child = launch(options);
  let stopping = false;
  const ready = polls(child, options);
  const watch = async (): Promise<never> => {
    await ready;
    for (let restarts = 0; ; restarts += 1) {
      const since = Date.now();
      await ended(child);
      if (Date.now() - since > STEADY_MS) restarts = 0;
      if (stopping) return new Promise(() => undefined);
      if (restarts >= RESTARTS_MAX) throw notStarted(`it died ${RESTARTS_MAX + 1} times in a row`);
      options.log(`the worker died (${child.signalCode ?? `exit ${child.exitCode}`}); starting another`);
      await pauseFor(RESTART_AFTER_MS);
      if (stopping) return new Promise(() => undefined);
      child = launch(options);
      await polls(child, options).catch((error: unknown) => options.log(String(error)));
    }
  };
  const gaveUp = watch();
  gaveUp.catch(() => undefined);
  return {
    ready,
    gaveUp,
    stop: async () => {
      stopping = true;
      child.kill('SIGTERM');
      await within(STOP_MS, ended(child), () => child.kill('SIGKILL'));
      await ended(child);
    },
    kill: () => {
      stopping = true;
      child.kill('SIGKILL');
    },
  };
}

function launch({ env }: WorkerProcessOptions): ChildProcess {
  // A group of its own: Ctrl-C must reach it through us, in order. When we die, its end of the channel closes, and it stops.
  return spawn(process.execPath, [MAIN, 'worker', '--output', 'text'], {
    env,
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

async function polls(child: ChildProcess, { onReady }: WorkerProcessOptions): Promise<void> {
  const first = await Promise.race([once(child, 'message').then(() => 'ready' as const), ended(child)]);
  if (first !== 'ready') throw notStarted(child.signalCode ?? `exit ${child.exitCode}`);
  onReady(child.pid ?? 0);
}

/** Resolves when the process is gone, or was never there. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await Promise.race([once(child, 'exit'), once(child, 'error')]).catch(() => undefined);
}

function notStarted(why: string): UserError {
  return new UserError('WORKER_NOT_STARTED', `the worker did not stay up: ${why}`, {
    hint: 'the lines above say why; cerebros worker --debug says more',
    exitCode: EXIT.bad,
  });
}
