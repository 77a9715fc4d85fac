import { loadSettings } from '../../config.ts';
import { withLedger } from '../../ledger/connection.ts';
import { migrate } from '../../ledger/migrate.ts';
import { readStackFile, writeStackFile, type StackFile } from '../../stack/stack-file.ts';
import { startStack, type Stack } from '../../stack/stack.ts';
import type { CliContext } from '../context.ts';
import { listenForInterrupts, type Interrupts } from '../dev/interrupts.ts';
import { superviseWorker, type WorkerProcess } from '../dev/worker-process.ts';
import { workerEnv } from '../dev/worker-env.ts';
import type { DevFlags } from '../flags.ts';
import { outputOf, type Output } from '../output.ts';
import { table } from '../text/table.ts';

/** `dev`: everything in this terminal, until it is told to stop. */
export async function dev(this: CliContext, flags: DevFlags): Promise<void> {
  const output = outputOf(this, flags);
  const log = (line: string): void => this.process.stderr.write(`${line}\n`);
  let worker: WorkerProcess | undefined;
  const interrupts = listenForInterrupts(() => {
    log('stopping at once');
    worker?.kill();
    // The servers have watchdogs, which end them when we are gone.
    process.exit(130);
  });
  const { data_dir } = loadSettings(this.env, flags.dataDir);
  const ports = { port: flags.port, ui_port: flags.uiPort, ledger_port: flags.ledgerPort };
  const stack = await startStack({ data_dir, ...ports }, { log, env: { ...this.env }, signal: interrupts.signal });
  try {
    await withLedger(stack.database_url, migrate);
    worker = startWorkerFor(stack, { env: this.env, log });
    await serve({ stack, worker, interrupts, onReady: () => announce(output, readStackFile(stack.data_dir) ?? stackFile(stack)) });
    log('stopping (Ctrl-C again stops at once)');
  } finally {
    await worker?.stop();
    await stack.stop();
    interrupts.dispose();
  }
}

interface Serving {
  readonly stack: Stack;
  readonly worker: WorkerProcess;
  readonly interrupts: Interrupts;
  readonly onReady: () => void;
}

/** Until an interrupt; rejects when a part of the stack is lost. */
async function serve({ stack, worker, interrupts, onReady }: Serving): Promise<void> {
  const lost = stack.died.then((error) => Promise.reject(error));
  lost.catch(() => undefined);
  await Promise.race([worker.ready.then(onReady), interrupts.first, lost]);
  await Promise.race([interrupts.first, lost, worker.gaveUp]);
}

interface WorkerWorld {
  readonly env: CliContext['env'];
  readonly log: (line: string) => void;
}

/** `stack.json` is written when the worker polls, and again when another takes its place. */
function startWorkerFor(stack: Stack, { env, log }: WorkerWorld): WorkerProcess {
  return superviseWorker({
    env: workerEnv(env, stack),
    log,
    onReady: (pid) => writeStackFile(stack.data_dir, stackFile(stack, pid)),
  });
}

function stackFile(stack: Stack, workerPid?: number): StackFile {
  const { temporal_address, database_url, ui_url } = stack;
  const pids = workerPid === undefined ? stack.pids : { ...stack.pids, worker: workerPid };
  return { temporal_address, database_url, web_url: null, ui_url, pids };
}

function announce(output: Output, file: StackFile): void {
  const { temporal_address, database_url, ui_url } = file;
  output.data(file, () => {
    const urls = table([
      ['Temporal', temporal_address],
      ...(ui_url === null ? [] : [['Temporal Web', ui_url]]),
      ['ledger', database_url.replace(/:[^:@/]*@/, ':…@')],
    ]);
    return `Cerebros is ready; Ctrl-C stops it.\n${urls}`;
  });
  output.note(
    `\ntry, in another terminal:\n  echo '{"steps":["echo"],"inputs":{"message":"hello"}}' | npx cerebros start proof --input - --wait`,
  );
}
