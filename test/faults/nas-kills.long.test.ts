import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { trialFolder } from '../../src/contracts/nas-search.ts';
import type { SagaRun } from '../../src/contracts/ledger.ts';
import { DATA_CONVERTER } from '../../src/data-converter.ts';
import { openLedger, type Sql } from '../../src/ledger/connection.ts';
import { cli, makeDataDir, type Said } from '../support/cli.ts';
import { eventsOf, findings, measurements, resultOf } from '../support/nas-searches.ts';
import { KeptWorker } from '../support/nas-worker.ts';
import { startOwnServers, type OwnServers } from '../support/own-servers.ts';
import { until } from '../support/until.ts';

const KILLS = 20;
const TRIALS = 18;

/** 18 trials of 4 epochs, of which 6 go on to 12; an epoch takes about half a second, and each leaves a checkpoint. */
const INPUT = JSON.stringify({
  dataset_id: 'digits',
  objective: 'accuracy',
  epochs: 12,
  scheduler: { name: 'asha', min_epochs: 4 },
  seed: 11,
  search_space: {
    depth: { type: 'int', low: 2, high: 3 },
    width: { type: 'categorical', choices: [256, 320, 384] },
    learning_rate: { type: 'float', low: 0.0002, high: 0.005, log: true },
  },
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
  await sql.end({ timeout: 1 });
  await client.connection.close();
  await servers.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

const run = (args: readonly string[], input?: string): Promise<Said> => cli(args, { env, ...(input === undefined ? {} : { input }) });

/** Trainings under way, by Temporal's word: the last part of their ids. Throws when Temporal does not answer. */
async function running(id: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { workflowId } of client.workflow.list({ query: "WorkflowType = 'nasTrial' AND ExecutionStatus = 'Running'" }))
    if (workflowId.startsWith(`${id}.`)) found.push(workflowId.slice(id.length + 1));
  return found;
}

/** The epoch of a training's newest checkpoint on the disk, 0 before the first. */
function epochOf(id: string, training: string): number {
  const name = training === 'best' ? 'best' : join('trials', trialFolder(Number(training.slice(1))));
  const folder = join(dataDir, 'artifacts', 'runs', id, name);
  const files = existsSync(folder) ? readdirSync(folder) : [];
  return Math.max(0, ...files.map((file) => Number(/^epoch-(\d+)\.ckpt$/.exec(file)?.[1] ?? 0)));
}

/** Of all trials, also of those that do not run just now: one that is promoted has old checkpoints. */
const TRAININGS = ['best', ...Array.from({ length: TRIALS }, (_, number) => `t${trialFolder(number)}`)];

const STRIKES = [
  { what: 'worker', strike: () => worker.kill(), mend: async () => undefined },
  { what: 'Temporal', strike: () => servers.killTemporal(), mend: () => servers.startTemporal() },
  { what: 'both', strike: () => Promise.all([worker.kill(), servers.killTemporal()]), mend: () => servers.startTemporal() },
] as const;

interface Kill {
  readonly what: string;
  /** Trainings that ran then, with the epochs of their checkpoints at the kill before and at this one. */
  readonly passed: readonly (readonly [training: string, before: number, now: number])[];
  readonly after_ms: number;
}

/** Strikes again and again, each time as soon as every running training has passed a new checkpoint. */
async function killing(id: string): Promise<Kill[]> {
  const kills: Kill[] = [];
  let before: ReadonlyMap<string, number> = new Map();
  let at = Date.now();
  for (const { what, strike, mend } of Array.from({ length: KILLS }, (_, n) => STRIKES[n % STRIKES.length] ?? STRIKES[0])) {
    const passed = await until(
      async () => {
        const trainings = await running(id).catch(() => []);
        await refuseEnd(id, kills.length);
        const epochs = trainings.map((training) => [training, before.get(training) ?? 0, epochOf(id, training)] as const);
        return epochs.length > 0 && worker.pid > 0 && epochs.every(([, then, now]) => now > then) ? epochs : undefined;
      },
      60_000,
      `a new checkpoint of each running trial, after ${kills.length} kills`,
    );
    kills.push({ what, passed, after_ms: Date.now() - at });
    process.stderr.write(lineOf(kills.length, { what, passed, after_ms: Date.now() - at }));
    await strike();
    at = Date.now();
    before = new Map(TRAININGS.map((training) => [training, epochOf(id, training)]));
    await mend();
  }
  return kills;
}

describe('a search whose worker and server are killed', () => {
  it('twenty times, each time after its running trials passed a new checkpoint, comes to the trials and weights of an undisturbed one', async () => {
    const undisturbed = await run(['start', 'nas-search', '--input', '-', '--id', 'calm', '--wait'], INPUT);
    const calm = resultOf(undisturbed.json as SagaRun);
    expect((await run(['start', 'nas-search', '--input', '-', '--id', 'killed'], INPUT)).code).toBe(0);
    const kills = await killing('killed');
    const waited = await run(['start', 'nas-search', '--input', '-', '--id', 'killed', '--wait'], INPUT);
    const result = resultOf(waited.json as SagaRun);
    expect(worker.killed).toBe(kills.filter(({ what }) => what !== 'Temporal').length);
    expect(kills.every(({ passed }) => passed.every(([, before, now]) => now > before))).toBe(true);
    expect(await findings({ sql }, 'killed')).toEqual(await findings({ sql }, 'calm'));
    expect(await measurements({ sql }, 'killed')).toEqual(await measurements({ sql }, 'calm'));
    expect(result.trials).toEqual(calm.trials);
    expect(result).toMatchObject({ best: calm.best, model_sha256: calm.model_sha256, test_accuracy: calm.test_accuracy });
    expect((await eventsOf({ sql }, 'killed')).toSorted()).toEqual((await eventsOf({ sql }, 'calm')).toSorted());
    const verified = await run(['ledger', 'verify']);
    expect({ code: verified.code, json: verified.json }).toMatchObject({ code: 0, json: { agrees: true } });
  }, 600_000);
});

/** A search that is over cannot be killed any more; its rows say why. */
async function refuseEnd(id: string, kills: number): Promise<void> {
  const [row] = await sql`select status from saga_runs where id = ${id}`;
  if (row?.['status'] === 'running') return;
  throw new Error(`${id} is ${row?.['status']} after ${kills} kills: ${JSON.stringify((await findings({ sql }, id)).slice(0, 20))}`);
}

function lineOf(n: number, { what, passed, after_ms }: Kill): string {
  const trials = passed.map(([training, before, now]) => `${training} from epoch ${before} to ${now}`).join(', ');
  return `kill ${n} of ${what}, ${after_ms} ms after the last: ${trials}\n`;
}
