import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { ApplicationFailure } from '@temporalio/common';
import { createLedgerActivities } from '../dist/activities/ledger.js';
import { serveSteps } from '../dist/activities/serve-steps.js';
import { DATA_CONVERTER } from '../dist/data-converter.js';
import { closeLedger, openLedger } from '../dist/ledger/connection.js';
import { migrate } from '../dist/ledger/migrate.js';
import { startStack } from '../dist/stack/stack.js';
import { table } from '../dist/cli/text/table.js';
/** Bounds of the benchmark; `--quick` for a look, not for figures. */
const quick = process.argv.includes('--quick');
const SERIAL = quick ? 10 : 40;
const CONCURRENT = quick ? 40 : 200;
const ROUNDS = quick ? 1 : 3;
const SAGAS = ['bareSaga', 'engineSaga', 'lightSaga'];
/** One stack, one worker, all kinds of saga in turn, several rounds; figures are medians, and only their ratios mean anything. */
async function main() {
  const dir = mkdtempSync(join(tmpdir(), 'cerebros-bench-'));
  chmodSync(dir, 0o755);
  const stack = await startStack(
    { data_dir: dir, port: 'auto', ui_port: 'auto', ledger_port: 'auto' },
    { log: (line) => process.stderr.write(`${line}\n`) },
  );
  const sql = openLedger(stack.database_url, { max: 10 });
  await migrate(sql);
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'error', forward: {} } } });
  const connection = await NativeConnection.connect({ address: stack.temporal_address });
  const worker = await makeWorker(connection, createLedgerActivities({ sql }));
  const running = worker.run();
  try {
    const client = new Client({ connection, dataConverter: DATA_CONVERTER });
    await report(client);
  } finally {
    worker.shutdown();
    await running;
    await connection.close();
    await closeLedger(sql);
    await stack.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}
async function makeWorker(connection, ledger) {
  const step = async ({ step: name, fail }) => {
    if (fail) throw ApplicationFailure.nonRetryable('asked to fail', 'BENCH');
    return name;
  };
  const undo = async () => null;
  return Worker.create({
    connection,
    taskQueue: 'bench',
    workflowBundle: await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('./workflows.mjs', import.meta.url)),
      payloadConverterPath: fileURLToPath(new URL('../dist/contracts/payload-converter.js', import.meta.url)),
      logger: new DefaultLogger('ERROR'),
    }),
    dataConverter: DATA_CONVERTER,
    activities: { bareStep: step, bareUndo: undo, ...serveSteps({ step, undo }), ...ledger },
    maxConcurrentWorkflowTaskExecutions: 40,
    maxConcurrentActivityTaskExecutions: 200,
    maxConcurrentLocalActivityExecutions: 200,
    maxCachedWorkflows: 500,
  });
}
async function report(client) {
  for (const fail of [false, true]) {
    const rounds = { bareSaga: [], engineSaga: [], lightSaga: [] };
    await serial(client, { fail, count: 5 });
    for (let round = 0; round < ROUNDS; round += 1) {
      const latencies = await serial(client, { fail, count: SERIAL });
      for (const saga of SAGAS) rounds[saga].push({ serialMs: median(latencies[saga]), ...(await concurrent(client, saga, fail)) });
    }
    print(fail ? 'rollback: the sixth step fails, all is undone' : 'success', rounds);
  }
}
async function concurrent(client, saga, fail) {
  const began = performance.now();
  await Promise.all(Array.from({ length: CONCURRENT }, (_, idx) => runOne(client, saga, { fail, id: `${saga}-${began}-${idx}` })));
  const perSecond = (1000 * CONCURRENT) / (performance.now() - began);
  return { perSecond, events: await eventsOf(client, `${saga}-${began}-0`) };
}
/** One after the other, and one of each kind in turn, so that a slow moment of the machine meets all of them. */
async function serial(client, { fail, count }) {
  const latencies = { bareSaga: [], engineSaga: [], lightSaga: [] };
  for (let idx = 0; idx < count; idx += 1) {
    for (const saga of SAGAS) {
      const began = performance.now();
      await runOne(client, saga, { fail, id: `${saga}-serial-${began}` });
      latencies[saga].push(performance.now() - began);
    }
  }
  return latencies;
}
async function runOne(client, saga, { fail, id }) {
  const run = client.workflow.execute(saga, { taskQueue: 'bench', workflowId: id, args: [{ fail }] });
  await (fail ? run.catch(() => undefined) : run);
}
async function eventsOf(client, id) {
  const { events } = await client.workflow.getHandle(id).fetchHistory();
  return events?.length ?? 0;
}
function print(title, rounds) {
  const figures = SAGAS.map((saga) => ({ saga, ...mediansOf(rounds[saga]) }));
  const [bare] = figures;
  if (!bare) return;
  const rows = figures.map(({ saga, serialMs, perSecond, events }) => [
    saga,
    serialMs.toFixed(1),
    `${(serialMs / bare.serialMs).toFixed(2)}×`,
    perSecond.toFixed(1),
    `${(perSecond / bare.perSecond).toFixed(2)}×`,
    String(events),
    `${events - bare.events >= 0 ? '+' : ''}${events - bare.events}`,
  ]);
  const head = ['SAGA', 'SERIAL MS', 'RATIO', `SAGAS/S AT ${CONCURRENT}`, 'RATIO', 'EVENTS', 'MORE'];
  process.stdout.write(`\n${title} (6 steps, ${cpus().length} cores, medians of ${ROUNDS} rounds)\n${table([head, ...rows])}\n`);
}
function mediansOf(rounds) {
  return {
    serialMs: median(rounds.map((one) => one.serialMs)),
    perSecond: median(rounds.map((one) => one.perSecond)),
    events: rounds[0]?.events ?? 0,
  };
}
function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
await main();
