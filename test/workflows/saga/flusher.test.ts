import { ApplicationFailure } from '@temporalio/common';
import { afterAll, describe, expect, it, vi } from 'vitest';
import type { LedgerBatch } from '../../../src/contracts/ledger.ts';
import { enter } from '../../support/in-process-temporal.ts';
import { World } from '../../support/in-process-world.ts';
import { chain, step } from '../../support/saga-runs.ts';
import type { ScriptedActivities, ScriptedStep } from '../../support/scripted.ts';
import { scripted } from '../../support/workflows/scripted.ts';

vi.mock('@temporalio/workflow', () => import('../../support/in-process-temporal.ts'));
afterAll(() => void vi.useRealTimers());

type StepInput = Parameters<ScriptedActivities['act']>[0];

interface Scene {
  readonly steps: readonly ScriptedStep[];
  /** How long the steps take, in ms, by their names; one without never ends. */
  readonly takes: Readonly<Record<string, number>>;
  /** How long a step waits besides, for workers and the server, in ms. Default 0. */
  readonly waits?: Readonly<Record<string, number>>;
  /** Sent to the run at this time. */
  readonly send?: { readonly what: 'pause' | 'cancelAfterStep'; readonly at: number };
}

interface Told {
  /** What a flush told for the first time, as `a completed`, and when the ledger had it. */
  readonly flushes: readonly { readonly at: number; readonly rows: readonly string[] }[];
  /** Timers that the run started, by their summary. */
  readonly timers: readonly (string | undefined)[];
  /** When it ended; undefined: it did not. */
  readonly ended: number | undefined;
}

const FLUSH_MS = 2;

/** Plays a run by a clock of its own, on which nothing takes any time but the steps and the flushes. */
async function play({ steps, takes, waits = {}, send }: Scene): Promise<Told> {
  const flushes: Told['flushes'][number][] = [];
  const told = new Set<string>();
  const act =
    ({ step: name, script }: StepInput) =>
    () => {
      if (script.do === 'fail') throw ApplicationFailure.nonRetryable('told to fail', 'SCRIPTED');
      return { output: name, attempt: 1, worker_id: 'w', started_at: new Date().toISOString(), took_ms: takes[name] };
    };
  const flushLedger = (batch: LedgerBatch) => () => {
    const rows = batch.steps.map(({ step_name, status }) => `${step_name} ${status}`);
    const status = batch.run.status === undefined ? [] : [`run ${batch.run.status}`];
    const fresh = [...rows, ...status].filter((row) => !row.endsWith(' pending') && !told.has(row));
    for (const row of fresh) told.add(row);
    flushes.push({ at: Date.now(), rows: fresh });
  };
  const lasts = (type: string, input: unknown): number => {
    if (type === 'flushLedger') return FLUSH_MS / 2;
    const { step: name } = input as StepInput;
    return ((takes[name] ?? Infinity) + (waits[name] ?? 0)) / 2;
  };
  const world = enter(new World(() => 0.5, { act, undo: act, flushLedger }, lasts));
  let sent = send === undefined;
  if (send) world.after(send.at, () => (sent = world.update(send.what)));
  const ended = await world.run(
    () => scripted({ steps }),
    () => undefined,
    200,
  );
  expect(sent).toBe(true);
  return { flushes, timers: world.timers, ended: ended && Date.now() };
}

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'];
const all = (ms: number) => Object.fromEntries(NAMES.map((name) => [name, ms]));
const twelve = chain(...NAMES.map((name) => step(name)));

describe('the flush', () => {
  it('of quick steps is one at the start and one at the close', async () => {
    const { flushes, timers, ended } = await play({ steps: twelve.slice(0, 6), takes: all(12) });
    expect(flushes).toEqual([
      { at: 2, rows: ['a running', 'run running'] },
      { at: 74, rows: [...NAMES.slice(0, 6).map((name) => `${name} completed`), 'run completed'] },
    ]);
    expect(timers).toEqual(['ledger']);
    expect(ended).toBe(74);
  });

  it('of slow steps is one at each boundary, at once, and there is no timer', async () => {
    const { flushes, timers } = await play({ steps: chain(step('a'), step('b'), step('c')), takes: all(120) });
    expect(flushes).toEqual([
      { at: 2, rows: ['a running', 'run running'] },
      { at: 122, rows: ['a completed', 'b running'] },
      { at: 242, rows: ['b completed', 'c running'] },
      { at: 362, rows: ['c completed', 'run completed'] },
    ]);
    expect(timers).toEqual([]);
  });

  const paces = [2, 7, 20, 33, 34, 45, 50, 51, 66, 67, 99, 100, 300];
  it.each(paces)('is never more events than one for each step, and never late: steps of %i ms', async (ms) => {
    const { flushes, timers } = await play({ steps: twelve, takes: all(ms) });
    // A timer is a start and a cancel.
    expect(flushes.length + 2 * timers.length).toBeLessThanOrEqual(NAMES.length + 2);
    for (const [idx, name] of NAMES.entries()) expect(lag(flushes, name, (idx + 1) * ms)).toBeLessThanOrEqual(200 + FLUSH_MS);
  });

  it('of what is held comes within 200 ms though the next step never ends', async () => {
    const { flushes, timers, ended } = await play({ steps: chain(step('a'), step('b'), step('c')), takes: { a: 10, b: 10 } });
    expect(flushes).toEqual([
      { at: 2, rows: ['a running', 'run running'] },
      { at: 212, rows: ['a completed', 'b completed', 'c running'] },
    ]);
    expect(timers).toEqual(['ledger']);
    expect(ended).toBeUndefined();
  });

  it('of a slow step takes along what is held', async () => {
    const { flushes } = await play({ steps: chain(step('a'), step('b'), step('c')), takes: { a: 10, b: 150, c: 150 } });
    expect(flushes.map(({ at, rows }) => [at, rows.join()])).toEqual([
      [2, 'a running,run running'],
      [162, 'a completed,b completed,c running'],
      [312, 'c completed,run completed'],
    ]);
  });

  it('of light steps is one at the start and one at the close, without a timer', async () => {
    const light = chain(...NAMES.slice(0, 6).map((name) => step(name, {}, { light: true })));
    const { flushes, timers } = await play({ steps: light, takes: all(30) });
    expect(flushes.map(({ at }) => at)).toEqual([2, 182]);
    expect(timers).toEqual([]);
  });
});

describe('the flush of what nobody should wait for', () => {
  it.each(['pause', 'cancelAfterStep'] as const)('is made at once: %s', async (what) => {
    const { flushes } = await play({ steps: twelve, takes: all(20), send: { what, at: 65 } });
    expect(flushes[1]).toMatchObject({ at: 65 + FLUSH_MS, rows: expect.arrayContaining(['c completed', 'd running']) as string[] });
  });

  it('is made at once: a step that fails while others run on', async () => {
    const steps = [step('a'), step('b', { do: 'fail' }), step('c')];
    const { flushes } = await play({ steps, takes: { a: 10, b: 20 } });
    expect(flushes.slice(0, 2).map(({ at, rows }) => [at, rows.join()])).toEqual([
      [2, 'a running,b running,c running,run running'],
      [22, 'a completed,b failed'],
    ]);
  });
});

describe('the flush on a crowded system', () => {
  it('is shared by steps that mostly wait, at most six of the last waits', async () => {
    const waitMs = 700;
    const { flushes, timers } = await play({ steps: twelve, takes: all(5), waits: all(waitMs) });
    expect(flushes.length).toBeLessThanOrEqual(5);
    expect(timers.length).toBeLessThanOrEqual(3);
    for (const [idx, name] of NAMES.entries())
      expect(lag(flushes, name, (idx + 1) * (waitMs + 5))).toBeLessThanOrEqual(6 * waitMs + FLUSH_MS);
  });

  it('is one at each boundary when it is the steps that are slow', async () => {
    const { flushes, timers } = await play({ steps: twelve, takes: all(700), waits: all(5) });
    expect(flushes).toHaveLength(NAMES.length + 1);
    expect(timers).toEqual([]);
  });

  it('is never later than six seconds, and soon as quick as before', async () => {
    const waits = { a: 60_000 };
    const { flushes } = await play({ steps: chain(step('a'), step('b'), step('c')), takes: { a: 10, b: 10 }, waits });
    expect(lag(flushes, 'b', 60_020)).toBeLessThanOrEqual(6000 + FLUSH_MS);
    const { flushes: later } = await play({ steps: twelve, takes: { ...all(400), k: 10, l: 10 }, waits });
    expect(lag(later, 'j', 64_000)).toBe(FLUSH_MS);
  });
});

/** How much later than it happened the ledger knew of a step's end, in ms. */
function lag(flushes: Told['flushes'], name: string, endedAt: number): number {
  const told = flushes.find(({ rows }) => rows.includes(`${name} completed`));
  return told ? told.at - endedAt : Infinity;
}
