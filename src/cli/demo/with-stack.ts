import { join } from 'node:path';
import { connect, type Cerebros } from '../../client/connect.ts';
import { verifyLedger } from '../../client/ledger-check.ts';
import { loadSettings, resolveConnections, type Env } from '../../config.ts';
import { withLedger } from '../../ledger/connection.ts';
import { migrate } from '../../ledger/migrate.ts';
import { startStack, type Stack } from '../../stack/stack.ts';
import { listenForInterrupts } from '../dev/interrupts.ts';
import { workerEnv } from '../dev/worker-env.ts';
import { superviseWorker } from '../dev/worker-process.ts';
import { exitCodeOfError, formatError } from '../format-error.ts';

export const say = (line = ''): void => void process.stdout.write(`${line}\n`);

/** What a demo works with. */
export interface DemoStage {
  readonly cerebros: Cerebros;
  readonly stack: Stack;
}

/** A demo: where it keeps its data, what its worker is told, and what it shows. */
export interface Demo {
  /** Name of its folder in the data dir. */
  readonly name: string;
  /** Variables of its worker, beside those of this process. */
  readonly env?: Env;
  readonly show: (stage: DemoStage) => Promise<void>;
}

/** Runs a demo on a stack of its own on free ports, which is stopped afterwards, whatever happens; the exit code is the process's. */
export async function runDemo(demo: Demo): Promise<void> {
  try {
    await onStack(demo);
  } catch (error) {
    process.stderr.write(`${formatError(error, { mode: 'text', debug: process.argv.includes('--debug') })}\n`);
    process.exitCode = exitCodeOfError(error);
  }
}

async function onStack({ name, env, show }: Demo): Promise<void> {
  const interrupts = listenForInterrupts(() => process.exit(130));
  const data_dir = join(loadSettings(process.env).data_dir, name);
  const log = (line: string): void => void process.stderr.write(`${line}\n`);
  const stack = await startStack({ data_dir, port: 'auto', ui_port: 'auto', ledger_port: 'auto' }, { log, signal: interrupts.signal });
  try {
    await withLedger(stack.database_url, migrate);
    const worker = superviseWorker({ env: { ...workerEnv(process.env, stack), ...env }, log, onReady: () => undefined });
    try {
      await Promise.race([worker.ready, stack.died.then((error) => Promise.reject(error))]);
      await Promise.race([connected(stack, show), interrupts.first.then(() => Promise.reject(new Error('interrupted')))]);
    } finally {
      await worker.stop();
    }
  } finally {
    await stack.stop();
    interrupts.dispose();
  }
  say(`\nEverything is stopped and kept in ${data_dir}. To look at it again:\n  npx cerebros dev --data-dir ${data_dir}`);
}

async function connected(stack: Stack, show: Demo['show']): Promise<void> {
  const { temporal_address: address, database_url, data_dir } = stack;
  const cerebros = connect({ connections: resolveConnections({ address, database_url, data_dir }, {}) });
  try {
    await show({ cerebros, stack });
    await verify(cerebros);
  } finally {
    await cerebros.close();
  }
}

async function verify(cerebros: Cerebros): Promise<void> {
  const bad: string[] = [];
  let runs = 0;
  for await (const verdict of verifyLedger(cerebros)) {
    runs += 1;
    if (verdict.status !== 'ok' && verdict.status !== 'skipped') bad.push(verdict.id);
  }
  if (bad.length > 0) throw new Error(`ledger and history differ for ${bad.join(', ')}: cerebros ledger verify`);
  say(`\nThe ledger agrees with Temporal's history over ${runs} runs.`);
}
