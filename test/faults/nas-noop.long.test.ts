import { readFileSync, rmSync } from 'node:fs';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SagaRun } from '../../src/contracts/ledger.ts';
import { DATA_CONVERTER } from '../../src/data-converter.ts';
import { closeLedger, openLedger, type Sql } from '../../src/ledger/connection.ts';
import { cli, makeDataDir } from '../support/cli.ts';
import { resultOf, trialsOf } from '../support/nas-searches.ts';
import { KeptWorker } from '../support/nas-worker.ts';
import { startOwnServers, type OwnServers } from '../support/own-servers.ts';

const TRIALS = 1000;
const PARALLEL = 8;
/** Searches follow one another on one worker for as long: after a minute its heap has found its size. */
const RUN_S = 140;
const MINUTE_S = 60;

const INPUT = JSON.stringify({
  dataset_id: 'digits',
  objective: 'accuracy',
  engine: 'noop',
  epochs: 1,
  sampler: 'random',
  scheduler: 'none',
  parallel: PARALLEL,
  search_space: { x: { type: 'float', low: 0, high: 1 } },
  budget: { max_trials: TRIALS },
});

let servers: OwnServers;
let worker: KeptWorker;
let client: Client;
let sql: Sql;
let env: Readonly<Record<string, string>>;
const dataDir = makeDataDir();

beforeAll(async () => {
  servers = await startOwnServers();
  env = { TEMPORAL_ADDRESS: servers.address, DATABASE_URL: servers.databaseUrl, CEREBROS_DATA_DIR: dataDir };
  worker = new KeptWorker(env);
  client = new Client({ connection: await Connection.connect({ address: servers.address }), dataConverter: DATA_CONVERTER });
  sql = openLedger(servers.databaseUrl);
});
afterAll(async () => {
  await worker.stop();
  await closeLedger(sql);
  await client.connection.close();
  await servers.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** Memory that a process has in use, in MiB. */
function residentMib(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

/** Looks once a second until stopped; answers all it saw. */
function watchMemory(pid: number): { stop(): readonly number[] } {
  const seen: number[] = [];
  const timer = setInterval(() => seen.push(residentMib(pid)), 1000);
  return { stop: () => (clearInterval(timer), seen) };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** The length of the history of each run of each workflow, by workflow type. */
async function historyLengths(): Promise<Map<string, number[]>> {
  const lengths = new Map<string, number[]>();
  for await (const { type, historyLength } of client.workflow.list()) lengths.set(type, [...(lengths.get(type) ?? []), historyLength]);
  return lengths;
}

describe('searches of a thousand trials that train nothing', () => {
  it('keep every history bounded, and the worker as small as it was after a minute', async () => {
    const pid = worker.pid;
    const memory = watchMemory(pid);
    const seconds: number[] = [];
    while (seconds.reduce((sum, each) => sum + each, 0) < RUN_S) {
      const id = `search-${seconds.length + 1}`;
      const began = Date.now();
      const waited = await cli(['start', 'nas-search', '--input', '-', '--id', id, '--wait'], { env, input: INPUT });
      seconds.push((Date.now() - began) / 1000);
      expect(resultOf(waited.json as SagaRun).trials).toMatchObject({ started: TRIALS, completed: TRIALS });
      const numbers = (await trialsOf({ sql }, id)).map(({ number }) => number);
      expect(numbers).toEqual(Array.from({ length: TRIALS }, (_, number) => number));
    }
    const samples = memory.stop();
    expect(worker.pid, 'one worker did all of it').toBe(pid);
    const [first, last] = [median(samples.slice(MINUTE_S, MINUTE_S + 10)), median(samples.slice(-10))];
    const lengths = await historyLengths();
    process.stderr.write(
      [
        ...seconds.map(
          (each, at) => `search ${at + 1}: ${TRIALS} trials, ${PARALLEL} at a time, in ${each.toFixed(0)} s: ${overhead(each)}`,
        ),
        `events in the longest history: ${[...lengths].map(([type, all]) => `${type} ${Math.max(...all)} (${all.length} runs)`).join(', ')}`,
        `worker: ${first.toFixed(0)} MiB after ${MINUTE_S} s, ${last.toFixed(0)} MiB at the end (${((last / first - 1) * 100).toFixed(1)} %), at most ${Math.max(...samples).toFixed(0)} MiB`,
        '',
      ].join('\n'),
    );
    const [trials = [], studies = []] = [lengths.get('nasTrial'), lengths.get('nasStudy')];
    expect(trials).toHaveLength((TRIALS + 1) * seconds.length);
    expect(Math.max(...trials)).toBeLessThan(30);
    expect(studies.length, 'the studies continued as new').toBeGreaterThan(seconds.length);
    expect(Math.max(...[...lengths.values()].flat())).toBeLessThan(5000);
    expect(last / first).toBeLessThan(1.1);
  }, 480_000);
});

/** What a trial costs that trains nothing: of the wall clock, and of one of the slots. */
function overhead(seconds: number): string {
  const ms = (seconds * 1000) / TRIALS;
  return `${ms.toFixed(0)} ms a trial, ${(ms * PARALLEL).toFixed(0)} ms of a slot`;
}
