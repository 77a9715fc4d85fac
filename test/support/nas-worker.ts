import { spawn, type ChildProcess } from 'node:child_process';
import { bareEnv, MAIN } from './cli.ts';

/** Between the end of a worker and the start of the next, in ms. */
const AGAIN_MS = 300;

/** `cerebros worker` as its users run it, in a process of its own, started again whenever it ends, however it ended. */
export class KeptWorker {
  readonly #env: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;
  #stopped = false;
  #log = '';
  /** Ends by SIGKILL so far. */
  killed = 0;

  constructor(env: Readonly<Record<string, string>>) {
    this.#env = { ...bareEnv(), ...env };
    this.#start();
    process.once('exit', this.#kill);
  }

  /** Process id of the worker that runs now; 0 when none does. */
  get pid(): number {
    return this.#child?.exitCode === null && this.#child.signalCode === null ? (this.#child.pid ?? 0) : 0;
  }

  /** What all of them have said so far. */
  get log(): string {
    return this.#log;
  }

  /** SIGKILL; answers once the process is gone. Throws when none runs. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || this.pid === 0) throw new Error(`expected a worker to kill, found none:\n${this.#log.slice(-2000)}`);
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    process.off('exit', this.#kill);
    if (this.pid > 0) await this.kill();
  }

  readonly #kill = (): void => void this.#child?.kill('SIGKILL');

  #start(): void {
    const child = spawn(process.execPath, [MAIN, 'worker', '--output', 'text'], { env: this.#env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (this.#log += text));
    this.#child = child;
    child.once('exit', (_, signal) => {
      if (signal === 'SIGKILL' && !this.#stopped) this.killed += 1;
      if (!this.#stopped) setTimeout(() => this.#stopped || this.#start(), AGAIN_MS);
    });
  }
}
