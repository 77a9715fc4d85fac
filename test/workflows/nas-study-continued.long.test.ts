import { defaultPayloadConverter } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { extendStudy, pauseRun, resumeRun, setParallel } from '../../src/client/index.ts';
import type { HistoryEvent } from '../../src/client/history/decode.ts';
import type { NasStudyInput } from '../../src/contracts/nas-study.ts';
import { startNasRig, type NasRig } from '../support/nas-rig.ts';
import { closed, findings, held, noop, resultOf, searched, studyEntries, viewOf } from '../support/nas-searches.ts';
import { startImpatientTemporal } from '../support/nas-temporal.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { stays } from '../support/stays.ts';
import { until } from '../support/until.ts';

/** Events after which this file's Temporal suggests to continue as new. */
const SUGGESTED = 90;

let temporal: Awaited<ReturnType<typeof startImpatientTemporal>>;
let database: TestDatabase;
let rig: NasRig;
beforeAll(async () => {
  [temporal, database] = await Promise.all([startImpatientTemporal(SUGGESTED), createTestDatabase()]);
  rig = await startNasRig({ servers: { address: temporal.address, databaseUrl: database.url } });
});
afterAll(async () => {
  await rig.stop();
  await Promise.all([temporal.stop(), database.drop()]);
});

/** The histories of a workflow's runs, the first one first. */
async function historiesOf(id: string): Promise<(readonly HistoryEvent[])[]> {
  const histories: (readonly HistoryEvent[])[] = [];
  let runId: string | undefined = (await rig.client.workflow.getHandle(id).describe()).raw.workflowExecutionInfo?.firstRunId ?? undefined;
  while (runId) {
    const events: readonly HistoryEvent[] = (await rig.client.workflow.getHandle(id, runId).fetchHistory()).events ?? [];
    histories.push(events);
    runId = events.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? undefined;
  }
  return histories;
}

function inputOf([started]: readonly HistoryEvent[]): NasStudyInput {
  const payload = started?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0];
  if (!payload) throw new Error('expected a study with an input');
  return defaultPayloadConverter.fromPayload<NasStudyInput>(payload);
}

/** Edits that change nothing, until the server suggests to continue as new. */
async function fillHistory(id: string): Promise<void> {
  const study = rig.client.workflow.getHandle(`${id}.study`);
  await until(
    async () => (await setParallel(rig.cerebros, id, 2), (await study.describe()).historyLength > SUGGESTED),
    20_000,
    'a long history',
  );
}

describe.concurrent('a study with a long history', () => {
  it('continues as new between trials as often as it takes, and comes to the same as in one run', async () => {
    const input = noop({ budget: { max_trials: 30 } });
    const [patient, result] = await Promise.all([startNasRig().then(searchedThere), searched(rig, 'long', input).then(resultOf)]);
    expect(result).toEqual({ ...patient.result, run_id: 'long' });
    expect(await findings(rig, 'long')).toEqual(patient.findings);
    const histories = await historiesOf('long.study');
    expect(histories.length).toBeGreaterThan(2);
    // What is in flight when it is suggested finishes: a few events more.
    expect(Math.max(...histories.map((events) => events.length))).toBeLessThan(SUGGESTED + 60);
    const entries = studyEntries(rig, 'long').map(({ seq }) => seq);
    expect([...new Set(entries)]).toEqual(Array.from({ length: Math.max(...entries) + 1 }, (_, seq) => seq));
    const seqs = histories.slice(1).map((events) => inputOf(events).carried?.seq ?? 0);
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
    async function searchedThere(other: NasRig) {
      const found = { result: resultOf(await searched(other, 'long', input)), findings: await findings(other, 'long') };
      await other.stop();
      return found;
    }
  });

  it('carries its pause, its queue and the end of its time to the next run', async () => {
    const id = 'carried';
    const hold = await held(rig, id, noop({ budget: { max_trials: 8, max_time_s: 3600 } }));
    await pauseRun(rig.cerebros, id);
    await fillHistory(id);
    hold.letGo();
    await until(async () => (await historiesOf(`${id}.study`)).length === 2, 20_000, 'the next run');
    const [first = [], second = []] = await historiesOf(`${id}.study`);
    const { carried } = inputOf(second);
    expect(carried).toMatchObject({ paused: true, view: { trials: { waiting: 2 } } });
    expect(carried?.queue.length).toBeGreaterThan(0);
    const began = Number(first[0]?.eventTime?.seconds) * 1000;
    expect(Math.abs(Date.parse(carried?.deadline ?? '') - began - 3_600_000)).toBeLessThan(5000);
    expect(await viewOf(rig, id)).toMatchObject({ status: 'paused', trials: { running: carried?.queue.length } });
    await stays(() => hold.came.length === 2, 500, 'two rungs');
    await resumeRun(rig.cerebros, id);
    expect(resultOf(await closed(rig, id)).trials.started).toBe(8);
    expect(new Set(hold.came).size).toBe(hold.came.length);
  });

  it('takes an edit that comes when it is about to continue as new, and waits for the table', async () => {
    const id = 'edited-late';
    const recording = deferred();
    let asked = 0;
    rig.around(id, 'advanceStudy', async (_, proceed) => ({ ...((await proceed()) as object), recorded: false }));
    rig.around(id, 'recordStudy', async (_, proceed) => {
      asked += 1;
      await recording.promise;
      return proceed();
    });
    const hold = await held(rig, id, noop({ budget: { max_trials: 4 } }));
    await fillHistory(id);
    hold.letGo();
    await until(async () => (await viewOf(rig, id)).trials.waiting === 2, 10_000, 'the results of what was in flight');
    expect(asked).toBeGreaterThan(0);
    expect(await extendStudy(rig.cerebros, id, 6)).toMatchObject({ max_trials: 6 });
    expect(await historiesOf(`${id}.study`)).toHaveLength(1);
    recording.resolve();
    expect(resultOf(await closed(rig, id)).trials.started).toBe(6);
    expect((await historiesOf(`${id}.study`)).length).toBeGreaterThan(1);
  });
});

function deferred(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settled) => {
    resolve = settled;
  });
  return { promise, resolve: () => resolve() };
}
