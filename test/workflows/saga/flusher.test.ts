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
  /** How long the steps take, in ms, by their names. */
  readonly takes: Readonly<Record<string, number>>;
  /** Sent to the run as soon as it is so late. */
  readonly send?: { readonly what: 'pause' | 'cancelAfterStep'; readonly at: number };
  /** Until when the database is away. */
  readonly awayUntil?: number;
}

interface Told {
  /** What a flush told for the first time, as `a completed`, and when the ledger had it. */
  readonly flushes: readonly { readonly at: number; readonly rows: readonly string[] }[];
  /** Flushes that the ledger did not answer. */
  readonly unanswered: number;
  /** Timers that the run started, by their summary. */
  readonly timers: readonly (string | undefined)[];
  /** When it ended; undefined: it did not. */
  readonly ended: number | undefined;
}

/** Plays a run by a clock of its own, on which nothing takes any time but the steps, and a flush 2 ms. */
async function play({ steps, takes, send, awayUntil = 0 }: Scene): Promise<Told> {
  const flushes: Told['flushes'][number][] = [];
  const told = new Set<string>();
  let unanswered = 0;
  const act =
    ({ step: name, script }: StepInput) =>
    () => {
      if (script.do === 'fail') throw ApplicationFailure.nonRetryable('told to fail', 'SCRIPTED');
      return { output: name, attempt: 1, worker_id: 'w', started_at: new Date().toISOString() };
    };
  const flushLedger = (batch: LedgerBatch) => () => {
    if (Date.now() < awayUntil) {
      unanswered += 1;
      throw ApplicationFailure.retryable('away', 'LEDGER_UNAVAILABLE');
    }
    const rows = batch.steps
      .map(({ step_name, status }) => `${step_name} ${status}`)
      .filter((row) => !row.endsWith('pending') && !told.has(row));
    for (const row of rows) told.add(row);
    flushes.push({ at: Date.now(), rows });
  };
  const pace = (type: string, input: unknown): number => (type === 'flushLedger' ? 1 : (takes[(input as StepInput).step] ?? Infinity) / 2);
  const world = enter(new World(() => 0.5, { act, undo: act, flushLedger }, pace));
  let sent = send === undefined;
  const onTurn = (): void => {
    if (send && !sent && Date.now() >= send.at) sent = world.update(send.what);
  };
  const ended = await world.run(() => scripted({ steps }), onTurn, 200);
  expect(sent).toBe(true);
  return { flushes, unanswered, timers: world.timers, ended: ended && Date.now() };
}

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'];
const all = (ms: number) => Object.fromEntries(NAMES.map((name) => [name, ms]));
const twelve = chain(...NAMES.map((name) => step(name)));

describe('the flush', () => {
  it('of quick steps is one at the start and one at the close', async () => {
    const { flushes, timers, ended } = await play({ steps: twelve.slice(0, 6), takes: all(12) });
    expect(flushes).toEqual([
      { at: 2, rows: ['a running'] },
      { at: 74, rows: ['a completed', 'b completed', 'c completed', 'd completed', 'e completed', 'f completed'] },
    ]);
    expect(timers).toEqual(['ledger']);
    expect(ended).toBe(74);
  });

  it('of slow steps is one at each boundary, at once, and there is no timer', async () => {
    const { flushes, timers } = await play({ steps: chain(step('a'), step('b'), step('c')), takes: all(120) });
    expect(flushes).toEqual([
      { at: 2, rows: ['a running'] },
      { at: 122, rows: ['a completed', 'b running'] },
      { at: 242, rows: ['b completed', 'c running'] },
      { at: 362, rows: ['c completed'] },
    ]);
    expect(timers).toEqual([]);
  });

  it.each([2, 7, 20, 34, 50, 51, 66, 99, 100, 300])(
    'is never more events than one for each step, and never late: steps of %i ms',
    async (ms) => {
      const { flushes, timers } = await play({ steps: twelve, takes: all(ms) });
      // A timer is a start and a cancel; of the one at the start and the one at the close no step has the fault.
      expect(flushes.length + 2 * timers.length).toBeLessThanOrEqual(NAMES.length + 2);
      for (const [idx, name] of NAMES.entries()) {
        const told = flushes.find(({ rows }) => rows.includes(`${name} completed`));
        expect(told?.at).toBeLessThanOrEqual((idx + 1) * ms + 200 + 2);
      }
    },
  );

  it('of what is held comes within 200 ms though the next step never ends', async () => {
    const { flushes, timers, ended } = await play({ steps: chain(step('a'), step('b'), step('c')), takes: { a: 10, b: 10 } });
    expect(flushes).toEqual([
      { at: 2, rows: ['a running'] },
      { at: 212, rows: ['a completed', 'b completed', 'c running'] },
    ]);
    expect(timers).toEqual(['ledger']);
    expect(ended).toBeUndefined();
  });

  it('of a slow step that comes while quick ones are held takes them along', async () => {
    const { flushes } = await play({ steps: chain(step('a'), step('b'), step('c')), takes: { a: 10, b: 150, c: 150 } });
    expect(flushes.map(({ at, rows }) => [at, rows.join()])).toEqual([
      [2, 'a running'],
      [162, 'a completed,b completed,c running'],
      [312, 'c completed'],
    ]);
  });
});
