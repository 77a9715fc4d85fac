import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Context } from '@temporalio/activity';
import { Worker } from '@temporalio/worker';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLedgerActivities } from '../../src/activities/ledger.ts';
import { fetchHistory, historyJson } from '../../src/client/histories.ts';
import { BLUEPRINT, blueprintPlan, type BlueprintInput } from '../../src/contracts/blueprint.ts';
import type { Json, SagaRun } from '../../src/contracts/ledger.ts';
import { SAGA_MEMO } from '../../src/contracts/saga-start.ts';
import { SEARCH_ATTRIBUTES } from '../../src/contracts/search-attributes.ts';
import type { ExternalOutput, ExternalStepInput, Resume } from '../../src/contracts/step-protocol.ts';
import { DATA_CONVERTER } from '../../src/data-converter.ts';
import { closeLedger, openLedger, type Sql } from '../../src/ledger/connection.ts';
import { getRun } from '../../src/ledger/queries/get-run.ts';
import { workflowBundle } from '../../src/workflow-bundle.ts';
import { cli, ROOT } from '../support/cli.ts';
import { withoutEvent, type HistoryJson } from '../support/doctored-history.ts';
import { sourcesOf } from '../support/evidence.ts';
import { timersOf, type Timer } from '../support/history-facts.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { startTimeSkipping } from '../support/time-skipping.ts';
import { until } from '../support/until.ts';
import { verifyRun } from '../../src/client/verify.ts';

// Time is the test server's own: three days of it pass in a second of ours.

const DAY_MS = 86_400_000;
const SLEEP_MS = 3 * DAY_MS;
/** For what is done in real time meanwhile: tasks, and a worker that comes back. */
const SLACK_MS = 60_000;
const DATA = { cursor: 'page-7', seen: [1, 2, 3] };
const ID = 'long-sleep';

/** A call of a step, by the server's clock. */
interface Call {
  readonly step: string;
  readonly resume: readonly Resume[] | null;
  readonly at_ms: number;
}

const servers = [await startTimeSkipping('the sleep of three days')].filter((server) => server !== undefined);

it('the test server is fetched at one exact version', () => {
  const pom = readFileSync(join(ROOT, 'scripts/time-skipping-server.pom.xml'), 'utf8');
  expect(pom).toMatch(/<artifactId>temporal-test-server<\/artifactId>\s*<version>\d+\.\d+\.\d+<\/version>/);
});

describe.each(servers.map((time) => ({ time })))('a step that sleeps for three days', ({ time }) => {
  const calls: Call[] = [];
  let sql: Sql;
  let closeDatabase: () => Promise<void>;
  let run: SagaRun;
  let asleep: SagaRun;
  let callsAfter71Hours: readonly Call[];
  let timers: readonly Timer[];
  let tookMs: number;
  beforeAll(async () => {
    const database = await createTestDatabase();
    sql = openLedger(database.url);
    closeDatabase = async () => (await closeLedger(sql), await database.drop());
    const before = Date.now();
    ({ run, asleep, callsAfter71Hours } = await sleepThrough(time, sql, calls));
    tookMs = Date.now() - before;
    timers = timersOf((await fetchHistory(time.client, ID)) ?? []).filter(({ summary }) => summary !== 'ledger');
  });
  afterAll(async () => {
    await closeDatabase();
    await time.teardown();
  });

  it('completes, in seconds of ours', () => {
    expect(run).toMatchObject({ status: 'completed', result: { fetch: 'fetched', rest: { woken: DATA }, tell: 'told' } });
    expect(tookMs).toBeLessThan(SLACK_MS);
  });

  it('is called twice: to fall asleep, and with its data when the time has come', () => {
    const slept: Resume = { kind: 'sleep', data: DATA, slept_ms: expect.any(Number) as number };
    expect(calls.map(({ step, resume }) => [step, resume])).toEqual([
      ['fetch', null],
      ['rest', null],
      ['rest', [slept]],
      ['tell', null],
    ]);
    const [, first, second] = calls;
    const [entry] = second?.resume ?? [];
    expect(entry).toSatisfy((one: typeof slept) => one.slept_ms >= SLEEP_MS && one.slept_ms < SLEEP_MS + SLACK_MS);
    expect((second?.at_ms ?? 0) - (first?.at_ms ?? 0)).toSatisfy((ms: number) => ms >= SLEEP_MS && ms < SLEEP_MS + SLACK_MS);
  });

  it('is left asleep for all of that time, and no worker has to be there', () => {
    expect(asleep.steps.map(({ status }) => status)).toEqual(['completed', 'sleeping', 'pending']);
    expect(callsAfter71Hours.map(({ step }) => step)).toEqual(['fetch', 'rest']);
  });

  it('sleeps on one timer, which is started when it falls asleep and fires once, three days later', () => {
    expect(timers).toEqual([
      { summary: '1:rest:do:1 sleep', ms: SLEEP_MS, started_ms: expect.any(Number) as number, fired_ms: [expect.any(Number) as number] },
    ]);
    const [{ started_ms, fired_ms: [fired_ms = 0] } = { started_ms: 0, fired_ms: [] }] = timers;
    expect(started_ms - (calls[1]?.at_ms ?? 0)).toSatisfy((ms: number) => ms >= 0 && ms < SLACK_MS);
    expect(fired_ms - started_ms).toSatisfy((ms: number) => ms >= SLEEP_MS && ms < SLEEP_MS + SLACK_MS);
    expect(Date.parse(asleep.steps[1]?.wakes_at ?? '') - started_ms - SLEEP_MS).toSatisfy((ms: number) => Math.abs(ms) < 1000);
  });

  it('leaves a ledger that agrees with the history', async () => {
    expect(await verifyRun(sourcesOf({ client: time.client, sql }), ID)).toEqual({ id: ID, status: 'ok', differences: [] });
    expect(run.steps[1]).toMatchObject({ step_name: 'rest', attempts: 1, wakes_at: null });
  });

  it('leaves a history that replays, and would not without its timer', async () => {
    const history = JSON.parse(await historyJson(time.client, ID)) as HistoryJson;
    expect(await replay(history)).toMatchObject({ status: 'completed' });
    expect(await replay(withoutEvent(history, 'EVENT_TYPE_TIMER_STARTED'))).toMatchObject({ status: 'failed' });
  });
});

interface Slept {
  readonly run: SagaRun;
  readonly asleep: SagaRun;
  readonly callsAfter71Hours: readonly Call[];
}

/** Runs the blueprint to its end: its workers are stopped once the step sleeps, and others are there an hour before it wakes. */
async function sleepThrough(time: TestWorkflowEnvironment, sql: Sql, calls: Call[]): Promise<Slept> {
  const first = await serve(time, sql, calls);
  await start(time);
  const asleep = await until(
    async () => {
      const run = await getRun(sql, ID);
      return run?.steps[1]?.status === 'sleeping' ? run : undefined;
    },
    30_000,
    'a sleeping step',
  );
  await first.stop();
  await time.sleep('71 hours');
  const second = await serve(time, sql, calls);
  const callsAfter71Hours = [...calls];
  await time.client.workflow.getHandle(ID).result();
  await second.stop();
  const run = await getRun(sql, ID);
  if (!run) throw new Error(`no rows of ${ID}`);
  return { run, asleep, callsAfter71Hours };
}

async function start({ client }: TestWorkflowEnvironment): Promise<void> {
  const step = { task_type: 'step', queue: 'steps' };
  const blueprint = {
    name: 'long-sleep',
    version: '1',
    steps: [
      { ...step, name: 'fetch' },
      { ...step, name: 'rest', needs: ['fetch'] },
      { ...step, name: 'tell', needs: ['rest'] },
    ],
  };
  const input: BlueprintInput = { blueprint, sha256: '', inputs: null };
  const plan = blueprintPlan(input);
  await client.workflow.start(BLUEPRINT, {
    taskQueue: 'workflows',
    workflowId: ID,
    args: [input],
    memo: { [SAGA_MEMO]: { kind: plan.kind, plan: plan.steps } },
    typedSearchAttributes: [{ key: SEARCH_ATTRIBUTES.kind, value: plan.kind }],
  });
}

/** A worker for the workflow and one for the steps, which notes its calls. */
async function serve(
  { nativeConnection: connection }: TestWorkflowEnvironment,
  sql: Sql,
  calls: Call[],
): Promise<{ stop(): Promise<void> }> {
  const step = async ({ step_name, resume }: ExternalStepInput): Promise<ExternalOutput> => {
    const { attempt, currentAttemptScheduledTimestampMs: at_ms } = Context.current().info;
    calls.push({ step: step_name, resume, at_ms });
    return { ...ANSWERS[step_name]?.(resume), worker_id: 'here', attempt, started_at: new Date().toISOString() } as ExternalOutput;
  };
  const common = { connection, dataConverter: DATA_CONVERTER, shutdownGraceTime: '1s' };
  const workers = [
    // The test server gives a task that falls due after a skip to nobody if it is one for a worker that has the run cached.
    await Worker.create({
      ...common,
      taskQueue: 'workflows',
      maxCachedWorkflows: 0,
      workflowBundle: workflowBundle(),
      activities: createLedgerActivities({ sql }),
    }),
    await Worker.create({ ...common, taskQueue: 'steps', activities: { step } }),
  ];
  const running = Promise.all(workers.map((worker) => worker.run()));
  return {
    stop: async () => {
      for (const worker of workers) worker.shutdown();
      await running;
    },
  };
}

const ANSWERS: Readonly<Record<string, (resume: readonly Resume[] | null) => { readonly [field: string]: Json }>> = {
  fetch: () => ({ status: 'SUCCESS', result: 'fetched' }),
  rest: (resume) => {
    const [slept] = resume ?? [];
    if (slept?.kind !== 'sleep') return { status: 'SLEEP', duration_ms: SLEEP_MS, data: DATA };
    return { status: 'SUCCESS', result: { woken: slept.data } };
  },
  tell: () => ({ status: 'SUCCESS', result: 'told' }),
};

async function replay(history: HistoryJson): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), 'cerebros-long-sleep-'));
  const file = join(folder, 'history.json');
  writeFileSync(file, JSON.stringify(history));
  const { json, stderr } = await cli(['replay', file, '-o', 'json']);
  rmSync(folder, { recursive: true });
  if (json === undefined) throw new Error(stderr);
  return (json as readonly unknown[])[0];
}
