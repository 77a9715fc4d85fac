import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { showQuery } from '../../src/contracts/messages.ts';
import { fetchHistory } from '../../src/client/histories.ts';
import { DATA_CONVERTER } from '../../src/data-converter.ts';
import { closeLedger, openLedger, type Sql } from '../../src/ledger/connection.ts';
import { EffectsFile } from '../support/effects-file.ts';
import { expectLaws, gather } from '../support/evidence.ts';
import { activityEnds, activityStarts, timeOf } from '../support/history-facts.ts';
import { startOwnServers, type OwnServers } from '../support/own-servers.ts';
import { serve } from '../support/rig.ts';
import { dependsOn, SIX, sixSteps, startSix, type SixName } from '../support/six-steps.ts';
import { until } from '../support/until.ts';

const CONVERGES_MS = 60_000;
const OUTAGE_MS = 30_000;

/** Servers, a worker in this process, and its files: all of one test. */
interface Own {
  readonly servers: OwnServers;
  readonly client: Client;
  readonly sql: Sql;
  readonly taskQueue: string;
  readonly effects: EffectsFile;
  readonly gate: string;
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

describe('a server that is killed with runs under way', () => {
  it.each([
    { server: 'Temporal', kill: () => own.servers.killTemporal(), boot: () => own.servers.startTemporal() },
    { server: 'Postgres', kill: () => own.servers.killPostgres(), boot: () => own.servers.startPostgres() },
  ])('$server, three times: every run completes, each effect is made once, and the ledger is whole', async ({ server, kill, boot }) => {
    rmSync(own.gate, { force: true });
    const waiting = await startSix(own, sixSteps({ d: { script: { do: 'wait' } } }));
    const ids = [waiting];
    let struck = 0;
    const backs: number[] = [];
    for (let round = 1; round <= 3; round += 1) {
      const batch = await Promise.all(Array.from({ length: 10 }, () => startSix(own, sixSteps())));
      ids.push(...batch);
      await until(() => made(batch) >= 10, 20_000, 'ten effects');
      await kill();
      const at = Date.now();
      struck += batch.filter((id) => made([id]) < SIX.length).length;
      await boot();
      await until(() => made(batch) === batch.length * SIX.length, CONVERGES_MS, 'all effects of the batch');
      backs.push(Date.now() - at);
    }
    expect(struck, 'runs that the kills hit').toBeGreaterThan(0);
    writeFileSync(own.gate, '');
    for (const id of ids) await expectCompleted(id);
    expect(made([waiting])).toBe(SIX.length);
    table.push(
      `kill -9 of ${server} ×3: ${ids.length} runs, ${struck + 3} hit while open, all effects made ${backs.join(', ')} ms after the kill`,
    );
  });
});

describe('half a minute without Postgres', () => {
  it.each([
    { how: 'frozen', begin: async () => own.servers.freezePostgres(), end: async () => own.servers.thawPostgres() },
    { how: 'gone', begin: () => own.servers.killPostgres(), end: () => own.servers.startPostgres() },
  ])('$how: steps go on within a second, queries are answered, and the ledger is whole afterwards', async ({ how, begin, end }) => {
    rmSync(own.gate, { force: true });
    const calm = await startSix(own, sixSteps());
    await expectCompleted(calm);
    const running = await startSix(own, sixSteps({ b: { script: { do: 'wait' } } }));
    await until(() => made([running]) >= 3, 20_000, 'a, b and c');
    await begin();
    const down = Date.now();
    writeFileSync(own.gate, '');
    const ids = [running];
    const queries: number[] = [];
    while (Date.now() - down < OUTAGE_MS - 5000) {
      const id = await startSix(own, sixSteps());
      ids.push(id);
      await until(
        async () => (queries.push(await timedQuery(running), await timedQuery(id)), made(ids) === ids.length * SIX.length),
        15_000,
        `all effects of ${id} without Postgres`,
      );
    }
    await until(() => Date.now() - down >= OUTAGE_MS, OUTAGE_MS);
    expect(await statusOf(running), 'a run does not close before its last flush').toBe('RUNNING');
    const up = Date.now();
    await end();
    for (const id of ids) await expectCompleted(id);
    const back = Date.now() - up;
    const delays = new Map(await Promise.all([calm, ...ids].map(async (id) => [id, await stepDelays(id)] as const)));
    const outage = ids.flatMap((id) => delays.get(id) ?? []);
    note(how, {
      calm: delays.get(calm) ?? [],
      running: delays.get(running) ?? [],
      started: ids.slice(1).flatMap((id) => delays.get(id) ?? []),
      queries,
      back,
      runs: ids.length,
    });
    expect(Math.max(...outage), 'the longest delay of a step').toBeLessThan(1000);
    expect(Math.max(...queries), 'the longest query').toBeLessThan(1000);
    const ends = await Promise.all(ids.map(lastStepEnd));
    expect(Math.max(...ends), 'every step ended while Postgres was away').toBeLessThan(up);
  });
});

async function startOwn(): Promise<Own> {
  const servers = await startOwnServers();
  const connection = await Connection.connect({ address: servers.address });
  const client = new Client({ connection, dataConverter: DATA_CONVERTER });
  const sql = openLedger(servers.databaseUrl);
  const dir = mkdtempSync(join(tmpdir(), 'cerebros-own-'));
  const effects = new EffectsFile(join(dir, 'effects.jsonl'));
  const gate = join(dir, 'gate');
  const taskQueue = `own-${randomBytes(4).toString('hex')}`;
  const served = await serve({ address: servers.address, taskQueue, sql, effects, gate });
  const stop = async (): Promise<void> => {
    await served.stop();
    await closeLedger(sql);
    await connection.close();
    await servers.stop();
    rmSync(dir, { recursive: true, force: true });
  };
  return { servers, client, sql, taskQueue, effects, gate, stop };
}

function made(ids: readonly string[]): number {
  return own.effects.all().filter((effect) => ids.includes(effect.saga_id)).length;
}

async function statusOf(id: string): Promise<string | undefined> {
  try {
    return (await own.client.workflow.getHandle(id).describe()).status.name;
  } catch {
    return undefined; // the server is away
  }
}

async function expectCompleted(id: string): Promise<void> {
  await until(async () => (await statusOf(id)) === 'COMPLETED', CONVERGES_MS, `the end of ${id}`);
  const evidence = await gather(own, id);
  expectLaws(evidence);
  expect(evidence.rows.status).toBe('completed');
}

async function timedQuery(id: string): Promise<number> {
  const at = performance.now();
  const run = await own.client.workflow.getHandle(id).query(showQuery);
  expect(run.id).toBe(id);
  return performance.now() - at;
}

/** From the end of the last step it needs to its own start, of each step, by the server's clock. */
async function stepDelays(id: string): Promise<number[]> {
  const events = (await fetchHistory(own.client, id)) ?? [];
  const starts = new Map(activityStarts(events).map(({ call, at_ms }) => [call.split(':')[1], at_ms]));
  const ends = new Map(activityEnds(events).map(({ call, at_ms }) => [call.split(':')[1], at_ms]));
  const [first] = events;
  const began = first ? timeOf(first) : 0;
  return SIX.map(
    (step: SixName) =>
      (starts.get(step) ?? Number.NaN) -
      Math.max(began, ...SIX.filter((need) => dependsOn(step, need)).map((need) => ends.get(need) ?? Number.NaN)),
  );
}

async function lastStepEnd(id: string): Promise<number> {
  const events = (await fetchHistory(own.client, id)) ?? [];
  return Math.max(
    ...activityEnds(events)
      .filter(({ call }) => call.includes(':do:'))
      .map(({ at_ms }) => at_ms),
  );
}

interface Figures {
  readonly calm: readonly number[];
  readonly running: readonly number[];
  readonly started: readonly number[];
  readonly queries: readonly number[];
  readonly back: number;
  readonly runs: number;
}

function note(how: string, { calm, running, started, queries, back, runs }: Figures): void {
  const list = (ms: readonly number[]): string => ms.map((each) => each.toFixed(0)).join(' ');
  const median = (ms: readonly number[]): string => (ms.toSorted((a, b) => a - b)[Math.floor(ms.length / 2)] ?? Number.NaN).toFixed(0);
  table.push(
    `Postgres ${how} for ${OUTAGE_MS / 1000} s: ${runs} runs; ms from the end of a step's needs to its start:`,
    `  before the outage           ${list(calm)}`,
    `  running when it began       ${list(running)}`,
    `  started in it (${runs - 1} runs)     median ${median(started)}, longest ${Math.max(...started).toFixed(0)}`,
    `  queries (${queries.length}) median ${median(queries)} ms, longest ${Math.max(...queries).toFixed(0)} ms; all closed and verified ${back} ms after its end`,
  );
}
