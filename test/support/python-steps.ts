import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect } from '../../src/client/connect.ts';
import { showRun } from '../../src/client/show.ts';
import { resolveConnections } from '../../src/config.ts';
import { UserError } from '../../src/contracts/user-error.ts';
import type { Blueprint } from '../../src/contracts/blueprint.ts';
import { CLOSED_STATUSES, type SagaRun, type SagaStepRow, type StepStatus } from '../../src/contracts/ledger.ts';
import { bareEnv, startDev, type DevStack } from './cli.ts';
import { until } from './until.ts';

// The workflows of workers/python/tests/steps/e2e_steps.py, as a user has them: a worker and a client in processes of their own.

const PROGRAM = fileURLToPath(new URL('../../workers/python/tests/steps/e2e_steps.py', import.meta.url));

/** All that have not ended, for a test that failed before it ended its own. */
const running = new Set<ChildProcess>();

/** What a Python program said to its end. */
export interface PythonSaid {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface PythonWorker {
  readonly pid: number;
  /** What it has written so far, to either stream. */
  said(): string;
  /** Sends a signal and waits for the end. Answers the exit code; null when the signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** A folder's Python, and the stack that its programs find by its data dir. */
export interface PythonPlace {
  readonly python: string;
  readonly stack: DevStack;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a worker and waits until it says that Temporal sees it poll. */
export async function startPythonWorker(place: PythonPlace, queue = 'cerebros-python'): Promise<PythonWorker> {
  const child = spawnPython(place, ['worker', queue]);
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => (log += text));
  const ended = endOf(child);
  await until(() => log.includes(`worker polls ${queue}`) || refuseEnd(child, log), 30_000, 'a polling worker');
  return {
    pid: child.pid ?? 0,
    said: () => log,
    end: (signal) => {
      child.kill(signal);
      return ended;
    },
  };
}

/** Runs the program to its end. */
export async function runPython(place: PythonPlace, args: readonly string[]): Promise<PythonSaid> {
  const child = spawnPython(place, args);
  const out = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (out.stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (out.stderr += text));
  return { code: await endOf(child), ...out };
}

/** A stack with a Python worker, and what tests do with them. */
export interface PythonWorld extends PythonPlace {
  readonly worker: PythonWorker;
  /** All workflows of the program as data, by name. */
  readonly blueprints: Readonly<Record<string, Blueprint>>;
  show(id: string): Promise<SagaRun>;
  /** Waits until the run has ended. */
  closes(id: string): Promise<SagaRun>;
  /** Waits until the step of a run has the status. */
  reaches(id: string, name: string, status: StepStatus): Promise<SagaStepRow>;
  /** Inputs of a run whose steps note their effects, as `effectsOf` reads them. */
  inputsOf(id: string, more: object): { readonly [key: string]: unknown };
  /** Starts a run by command; with `--wait` among the flags answers it closed, whatever its end. */
  start(name: string, id: string, more: object, flags?: readonly string[]): Promise<SagaRun>;
  /** Ends the worker gracefully, and the stack. */
  stop(): Promise<void>;
}

export async function startPythonWorld(python: string): Promise<PythonWorld> {
  const stack = await startDev();
  const place: PythonPlace = { python, stack };
  const worker = await startPythonWorker(place);
  const blueprints = JSON.parse((await runPython(place, ['blueprints'])).stdout) as PythonWorld['blueprints'];
  const cerebros = connect({ connections: resolveConnections({ data_dir: stack.dataDir }, {}) });
  const show = (id: string): Promise<SagaRun> => showRun(cerebros, id);
  const inputsOf: PythonWorld['inputsOf'] = (id, more) => ({ effects: effectsFile(stack, id), ...more });
  return {
    ...place,
    worker,
    blueprints,
    show,
    inputsOf,
    reaches: (id, name, status) => {
      const found = async (): Promise<SagaStepRow | undefined> =>
        (await shown(show, id))?.steps.find((step) => step.step_name === name && step.status === status);
      return until(found, 30_000, `${name} of ${id} ${status}`);
    },
    closes: (id) => {
      const closed = async (): Promise<SagaRun | undefined> => {
        const run = await shown(show, id);
        return run && CLOSED_STATUSES.includes(run.status) ? run : undefined;
      };
      return until(closed, 30_000, `the end of ${id}`);
    },
    start: async (name, id, more, flags = []) => {
      const input = JSON.stringify({ blueprint: blueprints[name], inputs: inputsOf(id, more) });
      const said = await stack.cli(['start', 'blueprint', '--input', '-', '--id', id, ...flags], { input });
      if (said.json === undefined) throw new Error(said.stderr);
      return said.json as SagaRun;
    },
    stop: async () => {
      await worker.end('SIGTERM');
      for (const child of running) await kill(child);
      await cerebros.close();
      await stack.stop();
    },
  };
}

/** A run that Python starts has no row before its first flush. */
async function shown(show: PythonWorld['show'], id: string): Promise<SagaRun | undefined> {
  try {
    return await show(id);
  } catch (error) {
    if (error instanceof UserError && error.exitCode === 4) return undefined;
    throw error;
  }
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = endOf(child);
  child.kill('SIGKILL');
  await ended;
}

/** The lines that the steps of a run wrote into the file it names as `effects`. */
export function effectsOf(stack: DevStack, id: string): readonly string[] {
  const file = effectsFile(stack, id);
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
}

export function effectsFile(stack: DevStack, id: string): string {
  return join(stack.dataDir, `${id}.effects`);
}

function spawnPython({ python, stack, env = {} }: PythonPlace, args: readonly string[]): ChildProcess {
  const child = spawn(python, [PROGRAM, ...args], {
    cwd: stack.dataDir,
    env: { ...bareEnv(), CEREBROS_DATA_DIR: stack.dataDir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // It must not outlive a test that is killed.
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  running.add(child);
  child.once('close', () => {
    running.delete(child);
    process.off('exit', end);
  });
  return child;
}

function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('close', resolve));
}

function refuseEnd(child: ChildProcess, log: string): false {
  if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the Python worker ended:\n${log}`);
  return false;
}
