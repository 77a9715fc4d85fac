import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Context } from '@temporalio/activity';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type Cerebros } from '../../src/client/connect.ts';
import { startSaga } from '../../src/client/start.ts';
import { verifyRun, type Verdict } from '../../src/client/verify.ts';
import { resolveConnections } from '../../src/config.ts';
import { QUEUES } from '../../src/contracts/queues.ts';
import type { ExternalOutput, ExternalStepInput } from '../../src/contracts/step-protocol.ts';
import { DATA_CONVERTER } from '../../src/data-converter.ts';
import { bareEnv, MAIN } from '../support/cli.ts';
import { sourcesOf } from '../support/evidence.ts';
import { startOwnServers, type OwnServers } from '../support/own-servers.ts';
import { until } from '../support/until.ts';

const RUNS = 1000;
const AT_ONCE = 40;
/** From before the first start until all are to wake. On a busy machine a minute of it goes by until all are asleep. */
const NAP_MS = 120_000;
const CONVERGES_MS = 180_000;

/** A call of a run's only step: the truth, outside of the run. */
interface Call {
  readonly id: string;
  /** Null at the first call. */
  readonly slept_ms: number | null;
  readonly at: number;
}

/** Servers, a worker of the product in a process of its own, and in this one the worker of the step: all of one test. */
interface Own {
  readonly servers: OwnServers;
  readonly cerebros: Cerebros;
  readonly worker: ChildProcess;
  readonly calls: readonly Call[];
  stop(): Promise<void>;
}

let own: Own;
const table: string[] = [];

beforeAll(async () => {
  own = await startOwn();
});

afterAll(async () => {
  process.stderr.write(`${table.join('\n')}\n`);
  await own.stop();
});

describe(`${RUNS} runs asleep at once, and a server that is killed meanwhile`, () => {
  it('all wake, none early, and each completes once', async () => {
    const idle = rssMb();
    const began = Date.now();
    const wakes = began + NAP_MS;
    const ids = Array.from({ length: RUNS }, (_, n) => `asleep-${n}`);
    await forEachOf(ids, (id) => startRun(id, wakes));
    const started = Date.now() - began;
    await until(async () => (await countOf('sleeping')) === RUNS, wakes - Date.now(), 'all runs asleep before the first is to wake');
    const asleep = { ms: Date.now() - began, mb: rssMb() };
    expect(own.calls.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());

    await own.servers.killTemporal();
    await own.servers.startTemporal();
    const left = wakes - Date.now();
    expect(left, 'ms of sleep that the kill left').toBeGreaterThan(0);
    expect(own.calls, 'nobody was called meanwhile').toHaveLength(RUNS);

    await until(async () => (await countOf('completed')) === RUNS, left + CONVERGES_MS, 'all runs awake and completed');
    const done = { ms: Date.now() - wakes, mb: rssMb() };
    const late = expectWokenOnce(ids, wakes);
    const sizes = await forEachOf(ids, sizeOfClosed);
    const verdicts = await forEachOf(ids, verify);
    expect(verdicts.filter(({ status }) => status !== 'ok')).toEqual([]);
    table.push(
      `${RUNS} runs asleep at once: started in ${started} ms, all asleep after ${asleep.ms} ms; Temporal killed ${left} ms before they wake`,
      `  worker's memory: ${idle} MB idle, ${asleep.mb} MB with all asleep, ${done.mb} MB when all had completed`,
      `  called again after their time: median ${median(late)} ms, longest ${Math.max(...late)} ms; all completed ${done.ms} ms after it`,
      `  largest history: ${Math.max(...sizes.map(({ events }) => events))} events, ${Math.max(...sizes.map(({ bytes }) => bytes))} bytes`,
    );
  });
});

async function startOwn(): Promise<Own> {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    shutdownSignals: [],
    telemetryOptions: { logging: { filter: 'error', forward: {} } },
  });
  const servers = await startOwnServers();
  const dataDir = mkdtempSync(join(tmpdir(), 'cerebros-asleep-'));
  const worker = await startWorker(servers, dataDir);
  const calls: Call[] = [];
  const stopSteps = await serveStep(servers, calls);
  const { address, databaseUrl: database_url } = servers;
  const cerebros = connect({ connections: resolveConnections({ address, database_url, data_dir: dataDir }, {}) });
  const stop = async (): Promise<void> => {
    await stopSteps();
    await cerebros.close();
    worker.kill('SIGKILL');
    await servers.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  return { servers, cerebros, worker, calls, stop };
}

/** `cerebros worker`, as a user has it. */
async function startWorker({ address, databaseUrl }: OwnServers, dataDir: string): Promise<ChildProcess> {
  const env = { ...bareEnv(), TEMPORAL_ADDRESS: address, DATABASE_URL: databaseUrl, CEREBROS_DATA_DIR: dataDir };
  const worker = spawn(process.execPath, [MAIN, 'worker', '--queues', QUEUES.main], { env, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  // It must not outlive a test that is killed.
  process.once('exit', () => worker.kill('SIGKILL'));
  await Promise.race([once(worker, 'message'), once(worker, 'exit').then(() => Promise.reject(new Error('the worker ended')))]);
  return worker;
}

/** Serves the step, which sleeps until a moment that its run was started with, and notes its calls. */
async function serveStep({ address }: OwnServers, calls: Call[]): Promise<() => Promise<void>> {
  const nap = async ({ execution_id: id, inputs, resume }: ExternalStepInput): Promise<ExternalOutput> => {
    const at = Date.now();
    const [slept] = resume ?? [];
    const slept_ms = slept?.kind === 'sleep' ? slept.slept_ms : null;
    calls.push({ id, slept_ms, at });
    const report = { worker_id: 'here', attempt: Context.current().info.attempt, started_at: new Date(at).toISOString() };
    if (slept_ms !== null) return { ...report, status: 'SUCCESS', result: slept_ms };
    return { ...report, status: 'SLEEP', duration_ms: Math.max(0, (inputs as unknown as Inputs).wakes - at), data: id };
  };
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({ connection, taskQueue: 'naps', activities: { nap }, dataConverter: DATA_CONVERTER });
  const running = worker.run();
  return async () => {
    worker.shutdown();
    await running;
    await connection.close();
  };
}

interface Inputs {
  readonly wakes: number;
}

async function startRun(id: string, wakes: number): Promise<void> {
  const blueprint = { name: 'nap', version: '1', steps: [{ name: 'nap', queue: 'naps' }] };
  await startSaga(own.cerebros, { kind: 'blueprint', id, input: { blueprint, inputs: { wakes } satisfies Inputs } });
}

async function countOf(status: 'sleeping' | 'completed'): Promise<number> {
  const sql = await own.cerebros.ledger();
  const [row] = await sql<{ n: number }[]>`
    select count(*)::int as n from saga_step_results join saga_runs on saga_runs.id = saga_id
    where saga_step_results.status = ${status} and saga_runs.status = ${status === 'sleeping' ? 'running' : status}`;
  return row?.n ?? 0;
}

/** By the word of the step's worker: each was called a second time, and not before its time. Answers how late that was, in ms. */
function expectWokenOnce(ids: readonly string[], wakes: number): number[] {
  const second = own.calls.slice(ids.length);
  expect(second.map(({ id }) => id).toSorted(), 'woken, each once').toEqual(ids.toSorted());
  expect(
    second.filter(({ at, slept_ms }) => at < wakes || slept_ms === null),
    'woken early',
  ).toEqual([]);
  return second.map(({ at }) => at - wakes);
}

async function sizeOfClosed(id: string): Promise<{ readonly events: number; readonly bytes: number }> {
  const client = await own.cerebros.temporal();
  const { status, historyLength, historySize } = await client.workflow.getHandle(id).describe();
  expect(status.name).toBe('COMPLETED');
  return { events: historyLength, bytes: historySize ?? 0 };
}

async function verify(id: string): Promise<Verdict> {
  const [client, sql] = await Promise.all([own.cerebros.temporal(), own.cerebros.ledger()]);
  return verifyRun(sourcesOf({ client, sql }), id);
}

/** A few at a time. */
async function forEachOf<T>(ids: readonly string[], act: (id: string) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let at = 0; at < ids.length; at += AT_ONCE) results.push(...(await Promise.all(ids.slice(at, at + AT_ONCE).map(act))));
  return results;
}

function rssMb(): number {
  const status = readFileSync(`/proc/${own.worker.pid}/status`, 'utf8');
  return Math.round(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024);
}

function median(ms: readonly number[]): number {
  return ms.toSorted((a, b) => a - b)[Math.floor(ms.length / 2)] ?? Number.NaN;
}
