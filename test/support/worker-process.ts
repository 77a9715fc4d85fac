import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { testBundle } from './rig.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What a worker process is told. */
export interface WorkerSettings {
  readonly address: string;
  readonly databaseUrl: string;
  readonly taskQueue: string;
  readonly effects: string;
  readonly gate: string;
  /** File of the bundled workflows. */
  readonly bundle: string;
  /** Of its own: kill switch and log. */
  readonly dir: string;
  /** Acts without looking whether it has acted before. Default false. */
  readonly forgetful?: boolean;
}

/** The worker's program and the workflows, as files that Node can run. */
export interface WorkerProgram {
  readonly main: string;
  readonly bundle: string;
  remove(): void;
}

/** Compiles the worker (Node 20 runs no TypeScript) into a folder of its own, beside a link to the packages it imports. */
export async function buildWorkerProgram(): Promise<WorkerProgram> {
  const dir = mkdtempSync(join(tmpdir(), 'cerebros-worker-'));
  const out = join(dir, 'out');
  const compilerOptions = { rootDir: ROOT, outDir: out, noCheck: true, composite: false, sourceMap: false, types: [] };
  writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
  writeFileSync(
    join(dir, 'tsconfig.json'),
    JSON.stringify({ extends: join(ROOT, 'tsconfig.base.json'), compilerOptions, files: [join(ROOT, 'test/support/worker-main.ts')] }),
  );
  symlinkSync(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
  await promisify(execFile)(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', dir]);
  const bundle = join(dir, 'bundle.js');
  writeFileSync(bundle, (await testBundle()).code);
  return { main: join(out, 'test/support/worker-main.js'), bundle, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** A worker process that is started again whenever it was killed. */
export class SupervisedWorker {
  readonly #settings: WorkerSettings;
  readonly #main: string;
  #child: ChildProcess | undefined;
  #stopped = false;
  /** Ends by SIGKILL so far. */
  killed = 0;
  /** How the worker ended when nobody killed it: a bug. */
  crashed: string | undefined;

  constructor(program: WorkerProgram, settings: Omit<WorkerSettings, 'bundle'>) {
    mkdirSync(settings.dir, { recursive: true });
    this.#settings = { ...settings, bundle: program.bundle };
    this.#main = program.main;
    this.#start();
  }

  /** Kills the process from outside. */
  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  /** What it printed so far. */
  log(): string {
    const file = join(this.#settings.dir, 'log');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  #start(): void {
    const log = openSync(join(this.#settings.dir, 'log'), 'a');
    const child = spawn(process.execPath, [this.#main, JSON.stringify(this.#settings)], { stdio: ['pipe', log, log] });
    closeSync(log);
    this.#child = child;
    child.once('exit', (code, signal) => {
      if (this.#stopped) return;
      if (signal !== 'SIGKILL') {
        this.crashed = `exit code ${code}, signal ${signal}`;
        return;
      }
      this.killed += 1;
      this.#start();
    });
  }
}
