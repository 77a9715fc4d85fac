import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createStudyActivities } from '../../src/activities/nas-study.ts';
import { ArtifactStore } from '../../src/artifacts/store.ts';
import type { NasRunInput } from '../../src/contracts/nas-search.ts';
import type { Advance, AdvanceInput, RungJob, StudyInput } from '../../src/contracts/nas-study.ts';
import { closeLedger, openLedger, type Sql } from '../../src/ledger/connection.ts';
import { listTrials } from '../../src/ledger/queries/list-trials.ts';
import { done, FAILED, finished, searchOf } from '../support/nas-planner.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';

const NOW = '2026-01-01T00:00:00.000Z';

let database: TestDatabase;
let sql: Sql;
const dir = mkdtempSync(join(tmpdir(), 'cerebros-study-'));
const artifacts = new ArtifactStore(dir);
beforeAll(async () => {
  database = await createTestDatabase();
  sql = openLedger(database.url);
});
afterAll(async () => {
  await closeLedger(sql);
  await database.drop();
  rmSync(dir, { recursive: true, force: true });
});

let count = 0;
let run: NasRunInput;
beforeEach(() => {
  count += 1;
  const search = searchOf({
    engine: 'noop',
    search_space: { x: { type: 'float', low: 0, high: 1 } },
    epochs: 3,
    budget: { max_trials: 9 },
  });
  run = { search_id: `study-${count}`, search, dataset_sha256: null, recoveries: 0 };
  mkdirSync(artifacts.runFolder(run.search_id), { recursive: true });
});

/** A worker's planner: a new one remembers nothing. */
function worker(ledger: Sql = sql) {
  const activities = createStudyActivities({ sql: ledger, artifacts });
  const environment = () => new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  const call = (seq: number | null, ...inputs: readonly StudyInput[]): Promise<Advance> =>
    environment().run(activities.advanceStudy, { run, seq, inputs, now: NOW } satisfies AdvanceInput);
  return { call, recordAll: () => environment().run(activities.recordStudy, { run }) };
}

type StudyWorker = ReturnType<typeof worker>;

interface Playing {
  readonly last: Advance;
  /** Rungs that were decided on and have no result. */
  readonly underWay: readonly RungJob[];
}

/** Plays on until the study is over, or so many results have come. */
async function playOn(planner: StudyWorker, from: Playing | Advance, results = Infinity): Promise<Playing> {
  const playing = 'last' in from ? from : { last: from, underWay: from.launch };
  const underWay = [...playing.underWay];
  let { last } = playing;
  for (let told = 0; told < results && !last.end; told += 1) {
    const job = underWay.shift();
    if (!job) throw new Error('expected a rung under way');
    last = await planner.call(last.seq, finished(job, job.number === 4 ? FAILED : done(job, 0.01 * job.number + 0.1 * job.to_epoch)));
    underWay.push(...last.launch);
  }
  return { last, underWay };
}

const studyFile = (): string => join(artifacts.runFolder(run.search_id), 'study.jsonl');
const eventsOf = (): Promise<readonly string[]> =>
  sql`select type || ' ' || (data ->> 'trial') || ' ' || (data ->> 'epochs') as told from events where subject = ${run.search_id} order by seq`.then(
    (rows) => rows.map((row) => String(row['told'])),
  );

describe('a call of the planner', () => {
  it('counts the calls, and brings the table up to date', async () => {
    const planner = worker();
    const opened = await planner.call(null, { type: 'open' });
    expect(opened).toMatchObject({ seq: 1, end: null, recorded: true, view: { trials: { started: 3, running: 3 } } });
    expect(opened.launch.map(({ number, to_epoch, checkpoint }) => [number, to_epoch, checkpoint])).toEqual(
      [0, 1, 2].map((number) => [number, 1, null]),
    );
    const { last } = await playOn(planner, opened);
    const rows = await listTrials(sql, run.search_id);
    const status = (epochs: number): string => (epochs === 3 ? 'completed' : epochs === 1 ? 'pruned' : 'failed');
    expect(rows.map((row) => [row.number, row.status])).toEqual(rows.map(({ epochs }, number) => [number, status(epochs)]));
    expect(rows.filter((row) => row.status === 'completed').length).toBe(last.view.trials.completed);
    expect(rows[4]).toMatchObject({ error: { code: 'TRAINING_DIVERGED' }, value: null });
    expect(last.view.trials).toMatchObject({ started: 9, failed: 1 });
  });

  it('has no second effect when it is made again, by whichever worker', async () => {
    const first = worker();
    const opened = await first.call(null, { type: 'open' });
    const result = finished(jobOf(opened, 0), done(jobOf(opened, 0)));
    const answer = await first.call(opened.seq, result);
    for (const again of [first, worker(), worker()]) expect(await again.call(opened.seq, result)).toEqual(answer);
    const { last } = await playOn(worker(), { last: answer, underWay: [...opened.launch.slice(1), ...answer.launch] });
    expect(last.view.trials.started).toBe(9);
    expect(new Set(await eventsOf()).size).toBe((await eventsOf()).length);
  });

  it('made again with more than before takes the place of what it was', async () => {
    const first = worker();
    const opened = await first.call(null, { type: 'open' });
    const [zero, one] = [jobOf(opened, 0), jobOf(opened, 1)];
    await first.call(opened.seq, finished(zero));
    const both = await worker().call(opened.seq, finished(zero), finished(one));
    expect(both).toMatchObject({ seq: 2, view: { trials: { started: 5, running: 3, waiting: 2 } } });
    // The first worker's memory is of a study that has not been.
    const third = await first.call(both.seq, { type: 'parallel', parallel: 3 });
    expect(third).toMatchObject({ seq: 3, view: { parallel: 3, trials: { waiting: 2 } } });
  });

  it('goes on with what the file holds when it is told no number: what has no result yet is to be trained first', async () => {
    const opened = await worker().call(null, { type: 'open' });
    const { underWay, last } = await playOn(worker(), opened, 4);
    const recovered = await worker().call(null, { type: 'open' });
    expect(recovered.launch).toEqual(underWay);
    expect(recovered).toMatchObject({ seq: last.seq + 1, view: last.view });
  });

  it('passes over a torn line of the file, whose call is made again', async () => {
    const opened = await worker().call(null, { type: 'open' });
    const result = finished(jobOf(opened, 0));
    const whole = await worker().call(opened.seq, result);
    const text = readFileSync(studyFile(), 'utf8');
    writeFileSync(studyFile(), text.slice(0, -30));
    expect(await worker().call(opened.seq, result)).toEqual(whole);
  });

  it('fails for good when the folder of the search is gone', async () => {
    const planner = worker();
    const { seq } = await planner.call(null, { type: 'open' });
    rmSync(artifacts.runFolder(run.search_id), { recursive: true });
    for (const each of [planner, worker()])
      await expect(each.call(seq, { type: 'open' })).rejects.toMatchObject({
        type: 'STUDY_FILE_MISSING',
        nonRetryable: true,
        message: expect.stringContaining(artifacts.runFolder(run.search_id)) as string,
      });
  });

  it('fails for good when the file holds less than was decided: it is another folder', async () => {
    const opened = await worker().call(null, { type: 'open' });
    const { last } = await playOn(worker(), opened, 3);
    rmSync(studyFile());
    await expect(worker().call(last.seq, { type: 'open' })).rejects.toMatchObject({ type: 'STUDY_FILE_MISSING', nonRetryable: true });
  });
});

describe('a planner whose table is away', () => {
  it('answers soon, says so, and the table is whole once it has been caught up on, with each event once', async () => {
    // It takes connections and says nothing, as one that is frozen.
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const away = openLedger(`postgres://nobody:none@127.0.0.1:${(silent.address() as AddressInfo).port}/none`, { connect_timeout_s: 30 });
    const planner = worker(away);
    const began = Date.now();
    const opened = await planner.call(null, { type: 'open' });
    expect(Date.now() - began).toBeLessThan(3000);
    expect(opened.recorded).toBe(false);
    // Each call waits for the table a little; of the others a few will do.
    const some = await playOn(planner, opened, 4);
    await away.end({ timeout: 0 });
    silent.close();
    expect(await listTrials(sql, run.search_id)).toEqual([]);
    await playOn(worker(), some);
    await worker().recordAll();
    const [rows, events] = [await listTrials(sql, run.search_id), await eventsOf()];
    expect(rows.map((row) => row.number)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(rows.filter(({ status }) => status === 'running' || status === 'waiting')).toEqual([]);
    expect(events.filter((told) => told.includes('started')).toSorted()).toEqual(
      rows.map(({ number }) => `cerebros.trial.started ${number} 0`),
    );
    expect(new Set(events).size).toBe(events.length);
    await worker().recordAll();
    expect(await listTrials(sql, run.search_id)).toEqual(rows);
    expect(await eventsOf()).toEqual(events);
  });

  it('tells of no trial twice when the study was recovered in between', async () => {
    const opened = await worker().call(null, { type: 'open' });
    await playOn(worker(), opened, 5);
    const before = await eventsOf();
    run = { ...run, recoveries: 1 };
    const recovered = await worker().call(null, { type: 'open' });
    await playOn(worker(), recovered);
    await worker().recordAll();
    const events = await eventsOf();
    expect(events.slice(0, before.length)).toEqual(before);
    expect(new Set(events).size, events.join(', ')).toBe(events.length);
    expect((await listTrials(sql, run.search_id)).map((row) => row.status)).not.toContain('running');
  });

  it('catches up on two thousand calls in a few seconds', async () => {
    const search_space = { x: { type: 'float', low: 0, high: 1 } } as const;
    run = { ...run, search: searchOf({ engine: 'noop', search_space, parallel: 1, budget: { max_trials: 10_000 } }) };
    const proposals = (number: number) => [{ number, params: { x: number / 1e6 }, from_epochs: 0, to_epochs: 9 }];
    const lines = Array.from({ length: 2000 }, (_, seq) => {
      const inputs = seq === 0 ? [{ type: 'open' as const }] : [finished({ number: seq - 1, params: {}, checkpoint: null, to_epoch: 9 })];
      return JSON.stringify({
        seq,
        recoveries: 0,
        now: NOW,
        inputs,
        proposals: seq === 0 ? [...proposals(0), ...proposals(1)] : proposals(seq + 1),
      });
    });
    writeFileSync(studyFile(), lines.join('\n'));
    const began = Date.now();
    await worker().recordAll();
    expect(Date.now() - began).toBeLessThan(10_000);
    const rows = await listTrials(sql, run.search_id);
    expect(rows.map((row) => row.number)).toEqual(Array.from({ length: 2001 }, (_, number) => number));
    expect(new Set(rows.slice(0, 1999).map((row) => row.status))).toEqual(new Set(['completed']));
  });
});

function jobOf({ launch }: Advance, number: number): RungJob {
  const job = launch.find((each) => each.number === number);
  if (!job) throw new Error(`expected a rung of trial ${number}, got ${JSON.stringify(launch)}`);
  return job;
}
