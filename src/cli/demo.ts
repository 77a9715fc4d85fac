import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect, type Cerebros } from '../client/connect.ts';
import { verifyLedger } from '../client/ledger-check.ts';
import { progressOfRun } from '../client/progress.ts';
import { startSaga } from '../client/start.ts';
import { waitClosed } from '../client/wait.ts';
import { loadSettings, resolveConnections } from '../config.ts';
import type { SagaRun } from '../contracts/ledger.ts';
import type { ProgressObject } from '../contracts/progress.ts';
import { TRAINING_RUN, type TrainingRunResult } from '../contracts/training-run.ts';
import { withLedger } from '../ledger/connection.ts';
import { migrate } from '../ledger/migrate.ts';
import { startStack, type Stack } from '../stack/stack.ts';
import { workerEnv } from './dev/worker-env.ts';
import { superviseWorker } from './dev/worker-process.ts';
import { listenForInterrupts } from './dev/interrupts.ts';
import { exitCodeOfError, formatError } from './format-error.ts';
import { colorsFor } from './text/colors.ts';
import { runText } from './text/run-text.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url));
const say = (line = ''): void => void process.stdout.write(`${line}\n`);
const colors = colorsFor({ env: process.env, tty: process.stdout.isTTY ?? false });

/** `npm run demo`: a stack of its own on free ports, one training that completes, one that fails late and is undone; then all is stopped. */
async function demo(): Promise<void> {
  const interrupts = listenForInterrupts(() => process.exit(130));
  const data_dir = join(loadSettings(process.env).data_dir, 'demo');
  const log = (line: string): void => void process.stderr.write(`${line}\n`);
  const stack = await startStack({ data_dir, port: 'auto', ui_port: 'auto', ledger_port: 'auto' }, { log, signal: interrupts.signal });
  try {
    await withLedger(stack.database_url, migrate);
    const worker = superviseWorker({ env: workerEnv(process.env, stack), log, onReady: () => undefined });
    try {
      await Promise.race([worker.ready, stack.died.then((error) => Promise.reject(error))]);
      await Promise.race([show(stack), interrupts.first.then(() => Promise.reject(new Error('interrupted')))]);
    } finally {
      await worker.stop();
    }
  } finally {
    await stack.stop();
    interrupts.dispose();
  }
  say(`\nEverything is stopped and kept in ${data_dir}. To look at it again:\n  npx cerebros dev --data-dir ${data_dir}`);
}

async function show(stack: Stack): Promise<void> {
  const { temporal_address: address, database_url, data_dir } = stack;
  const cerebros = connect({ connections: resolveConnections({ address, database_url, data_dir }, {}) });
  try {
    say('1. A training run: a real model on the 60,000 images of MNIST, as a saga of six steps.\n');
    await runOne(cerebros, stack, 'training-run.json');
    say('\n2. A drill: its collect_results fails after its work, so everything is undone, the last step first.\n');
    await runOne(cerebros, stack, 'training-run-drill.json');
    await verify(cerebros);
  } finally {
    await cerebros.close();
  }
}

async function runOne(cerebros: Cerebros, stack: Stack, example: string): Promise<void> {
  const input: unknown = JSON.parse(readFileSync(join(EXAMPLES, example), 'utf8'));
  const { execution_id, run_id } = await startSaga(cerebros, { kind: TRAINING_RUN, input, base_dir: EXAMPLES });
  const closed = waitClosed(cerebros, execution_id);
  const run = await follow(cerebros, execution_id, closed);
  say(`\nIts ledger:\n${runText(run, colors)}`);
  if (run.status === 'completed') say(resultLine(run));
  if (run.error) say(`reason: ${run.error.reason}, undone from step ${run.error.compensate_from_idx}`);
  say(`Temporal Web: ${stack.ui_url}/namespaces/default/workflows/${execution_id}/${run_id}/history`);
}

function resultLine({ result }: SagaRun): string {
  const { test_accuracy, model_sha256 } = result as unknown as TrainingRunResult;
  return `test accuracy ${test_accuracy} on the 10,000 test images, model sha256 ${model_sha256}`;
}

/** A line for each change, until the run has closed. */
async function follow(cerebros: Cerebros, id: string, closed: Promise<SagaRun>): Promise<SagaRun> {
  let shown = '';
  const over = closed.then(() => true);
  const tick = (): Promise<boolean> => new Promise((resolve) => setTimeout(resolve, 500, false));
  while (!(await Promise.race([over, tick()]))) {
    const progress = await progressOfRun(cerebros, id).catch(() => undefined);
    const line = progress ? lineOf(progress) : shown;
    if (line !== shown) say(line);
    shown = line;
  }
  return closed;
}

function lineOf({ progress, status, current_step }: ProgressObject): string {
  return `  ${progress.toFixed(1).padStart(5)} %  ${status}${current_step === null ? '' : `  ${current_step}`}`;
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

try {
  await demo();
} catch (error) {
  process.stderr.write(`${formatError(error, { mode: 'text', debug: process.argv.includes('--debug') })}\n`);
  process.exitCode = exitCodeOfError(error);
}
