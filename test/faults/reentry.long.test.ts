import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporal } from '@temporalio/proto';
import { fetchHistory } from '../../src/client/histories.ts';
import type { HistoryEvent } from '../../src/client/history/decode.ts';
import { foldHistory } from '../../src/client/history/fold.ts';
import { planRecover, planRollback, type ReentryPlan } from '../../src/client/reentry.ts';
import type { SagaStart } from '../../src/contracts/saga-start.ts';
import type { Effect } from '../support/effects-file.ts';
import { expectLaws, gather, untilClosed, type Evidence } from '../support/evidence.ts';
import { Holds, serveHeld, type HoldAt } from '../support/held-worker.ts';
import { activityEnds, activityStarts } from '../support/history-facts.ts';
import { startRig, type Rig } from '../support/rig.ts';
import { SIX, sixSteps, type SixName } from '../support/six-steps.ts';

/** Fails at its last step and is undone: its history has everything that a run can be terminated in. */
const FAILING = sixSteps({ f: { script: { do: 'fail' } } });

let rig: Rig;
let served: { stop(): Promise<void> };
const holds = new Holds();

beforeAll(async () => {
  rig = await startRig({ worker: false });
  served = await serveHeld(rig, holds);
});

afterAll(async () => {
  await served.stop();
  await rig.stop();
});

describe('a run that was terminated, then rolled back under its id', () => {
  it('after every event of its history: what had started and was not undone is undone once, with the outcome the history tells', async () => {
    const handle = await rig.startScripted(FAILING);
    await handle.result().catch(() => undefined);
    const whole = await eventsOf(handle.workflowId);
    const cuts = whole.slice(0, -1).map((_, at) => at + 1);
    await Promise.all(cuts.map((cut) => rollBackFrom(whole.slice(0, cut))));
    expect(cuts.length).toBeGreaterThan(60);
    process.stderr.write(`rolled back after each of the first ${cuts.length} events of a history of ${whole.length}\n`);
  });

  it('before and after every effect and every flush: every effect that was made is undone once, and none else', async () => {
    const effects = ['do', 'did', 'undo', 'undid'].flatMap((what) => SIX.map((step) => `${what} ${step}`));
    const flushes = Array.from({ length: await countFlushes() }, (_, at) => at + 1);
    const points: readonly HoldAt[] = [...effects, ...flushes];
    const stops: Stop[] = [];
    // Eight at a time: a hold during a flush has half a second.
    for (let first = 0; first < points.length; first += 8)
      stops.push(...(await Promise.all(points.slice(first, first + 8).map(stopAndRollBack))));
    const hit = stops.filter(({ point }) => point !== undefined);
    const lengths = [...new Set(hit.map(({ events }) => events))].toSorted((a, b) => a - b);
    process.stderr.write(
      `terminated at ${effects.length} points around effects and ${hit.length - effects.length} around flushes, at history lengths ${lengths.join(' ')}\n`,
    );
    expect(hit.map(({ point }) => point)).toEqual(expect.arrayContaining(effects));
    // How many flushes a run makes depends on how its steps fall together.
    expect(hit.length).toBeGreaterThanOrEqual(points.length - 6);
  });
});

const RECOVERIES = SIX.flatMap((failed, idx) => Array.from({ length: idx + 1 }, (_, from) => ({ failed, from })));

describe('a halted run that is recovered', () => {
  const recovered = new Map<string, Promise<Recovered>>();

  beforeAll(async () => {
    const halted = await Promise.all(RECOVERIES.map(({ failed }) => halt(failed)));
    writeFileSync(rig.gate, '');
    for (const [at, { failed, from }] of RECOVERIES.entries()) {
      const run = recover(halted[at] ?? '', from);
      run.catch(() => undefined);
      recovered.set(`${failed} ${from}`, run);
    }
  });

  it.each(RECOVERIES)(
    'at $failed, from step $from: the steps before it are reused, those from it on undone once and done again',
    async ({ failed, from }) => {
      const { evidence, before, started, refused } = await expectPlayed(recovered.get(`${failed} ${from}`));
      expect(before.rows).toMatchObject({ status: 'halted', error: { reason: `step_failed:${failed}`, compensate_from_idx: null } });
      expect(before.verdict.differences).toEqual([]);
      expect(before.effects.filter((effect) => effect.phase === 'undo')).toEqual([]);
      expectLaws(evidence);
      expect(evidence.rows).toMatchObject({
        status: 'completed',
        recovery_attempts: 1,
        run_id: expect.not.stringContaining(before.rows.run_id ?? ''),
      });
      const expected = SIX.flatMap((step, idx) =>
        idx >= from && started.includes(step) ? [`${step} do 0`, `${step} undo 0`, `${step} do 1`] : [`${step} do 0`],
      );
      expect(evidence.effects.map(nameOf).toSorted()).toEqual(expected.toSorted());
      expect(refused, 'a step behind the first unfinished one').toBe('REFUSED');
    },
  );
});

/** Starts the rollback of a history that ends in a termination, as a run of another id, so that every cut has its own effects. */
async function rollBackFrom(prefix: readonly HistoryEvent[]): Promise<void> {
  const cut = prefix.length;
  const terminated = temporal.api.history.v1.HistoryEvent.fromObject({
    eventId: cut + 1,
    workflowExecutionTerminatedEventAttributes: { reason: 'test' },
  });
  const id = `cut-${cut}-${randomBytes(4).toString('hex')}`;
  const start = planned(planRollback(foldHistory([...prefix, terminated], { id })));
  const handle = await rig.startScripted(FAILING, start, id);
  await expect(handle.result(), `cut ${cut}`).rejects.toThrow('Workflow execution failed');
  const effects = rig.effects.all(id);
  expect(effects.map(({ step, phase, outcome }) => `${step} ${phase} ${outcome}`).toSorted(), `cut ${cut}`).toEqual(
    owedBy(prefix).toSorted(),
  );
  const { rows, verdict } = await gather(rig, id);
  expect(verdict.differences, `cut ${cut}`).toEqual([]);
  expect(rows, `cut ${cut}`).toMatchObject({ status: 'rolled_back', error: { reason: 'terminated' } });
}

/** What a history owes: an undo for each step that started and was not undone, told how the step had ended. */
function owedBy(events: readonly HistoryEvent[]): string[] {
  const ends = activityEnds(events);
  const ended = (call: string): boolean => ends.some((end) => end.call === call && end.how === 'completed');
  return startedIn(events)
    .filter((step) => !ended(`${SIX.indexOf(step)}:${step}:undo:1`))
    .map((step) => `${step} undo ${ended(`${SIX.indexOf(step)}:${step}:do:1`) ? 'done' : 'unknown'}`);
}

function startedIn(events: readonly HistoryEvent[]): SixName[] {
  const started = activityStarts(events).map(({ call }) => call.split(':'));
  return SIX.filter((step) => started.some(([, name, phase]) => name === step && phase === 'do'));
}

interface Stop {
  /** What the run was about to do; undefined: it ended before it came to this point. */
  readonly point: string | undefined;
  /** Length of the history when it was terminated. */
  readonly events: number;
}

async function stopAndRollBack(at: HoldAt): Promise<Stop> {
  const id = `stop-${String(at).replace(' ', '-')}-${randomBytes(4).toString('hex')}`;
  const hold = holds.set(id, at);
  const first = await rig.startScripted(FAILING, undefined, id);
  const ended = first.result().then(
    () => undefined,
    () => undefined,
  );
  const point = await Promise.race([hold.reached, ended]);
  if (point === undefined) return { point, events: 0 };
  await first.terminate('test');
  hold.release();
  const history = await eventsOf(id);
  const before = rig.effects.all(id);
  await rig.startScripted(FAILING, planned(planRollback(foldHistory(history, { id }))), id);
  await untilClosed(rig.client, id);
  const evidence = await gather(rig, id);
  expectLaws(evidence);
  expect(evidence.rows, `${id} at ${point}`).toMatchObject({ status: 'rolled_back', error: { reason: 'terminated' } });
  const undone = evidence.effects.filter((effect) => effect.phase === 'undo').map(nameOf);
  expect(undone.toSorted(), `${id} at ${point}`).toEqual(startedIn(history).map((step) => `${step} undo 0`));
  expect(evidence.effects.slice(0, before.length)).toEqual(before);
  return { point, events: history.length - 1 };
}

/** How many flush points a run comes to that nobody stops. */
async function countFlushes(): Promise<number> {
  const id = `count-${randomBytes(4).toString('hex')}`;
  const hold = holds.set(id, Number.POSITIVE_INFINITY);
  const handle = await rig.startScripted(FAILING, undefined, id);
  await handle.result().catch(() => undefined);
  return hold.flushes();
}

/** Starts a run whose one step waits for the gate, longer than it may; answers the id of the halted run. */
async function halt(failed: SixName): Promise<string> {
  const input = sixSteps({ [failed]: { script: { do: 'wait' }, plan: { timeout_ms: 1500, max_retries: 0 } } });
  const handle = await rig.startScripted(input, { on_failure: 'halt' });
  await expect(handle.result()).rejects.toThrow('Workflow execution failed');
  return handle.workflowId;
}

interface Recovered {
  readonly before: Evidence;
  readonly evidence: Evidence;
  /** Steps that had started when the run halted. */
  readonly started: readonly SixName[];
  readonly refused: string | undefined;
}

async function recover(id: string, from: number): Promise<Recovered> {
  const before = await gather(rig, id);
  const folded = foldHistory(before.events, { id });
  const tooFar = planRecover(folded, folded.steps.findIndex((step) => step.status !== 'completed') + 1);
  const start = planned(planRecover(folded, from));
  const failed = before.rows.steps.find((step) => step.status === 'failed')?.step_name ?? '';
  const input = sixSteps({ [failed]: { script: { do: 'wait' }, plan: { timeout_ms: 1500, max_retries: 0 } } });
  await rig.startScripted(input, start, id);
  await untilClosed(rig.client, id);
  return {
    before,
    evidence: await gather(rig, id),
    started: startedIn(before.events),
    refused: 'refusal' in tooFar ? tooFar.refusal.code : undefined,
  };
}

function planned(plan: ReentryPlan): SagaStart {
  if ('refusal' in plan) throw new Error(plan.refusal.message);
  return plan.start;
}

async function eventsOf(id: string): Promise<readonly HistoryEvent[]> {
  return (await fetchHistory(rig.client, id)) ?? [];
}

/** `step phase generation`. */
function nameOf({ step, phase, key }: Effect): string {
  return `${step} ${phase} ${key.slice(key.lastIndexOf('/') + 1)}`;
}

function expectPlayed<T>(played: Promise<T> | undefined): Promise<T> {
  if (!played) throw new Error('the run was not played');
  return played;
}
