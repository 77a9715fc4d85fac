import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import fc from 'fast-check';
import { afterAll, describe, expect, it, vi } from 'vitest';
import type { LedgerBatch, SagaRun } from '../../../src/contracts/ledger.ts';
import type { SagaClose } from '../../../src/contracts/saga-close.ts';
import type { Reentry, SagaStart, SeedStep } from '../../../src/contracts/saga-start.ts';
import type { StepCallInput } from '../../../src/contracts/step-call.ts';
import { enter } from '../../support/in-process-temporal.ts';
import { World, type InProcessActivity } from '../../support/in-process-world.ts';
import { randomCase, violations, type Nudge, type Observed, type RandomCase, type Seen } from '../../support/random-plans.ts';
import type { Script } from '../../support/scripted.ts';
import { seeded } from '../../support/seeded.ts';
import { scripted } from '../../support/workflows/scripted.ts';

vi.mock('@temporalio/workflow', () => import('../../support/in-process-temporal.ts'));
afterAll(() => void vi.useRealTimers());

interface Input {
  readonly step: string;
  readonly script: Script;
  readonly outcome?: string;
}

/** The ledger and the effects of one run in process. */
class Outside {
  readonly seen: { -readonly [K in keyof Seen]: Seen[K] }[] = [];
  readonly steps = new Map<number, LedgerBatch['steps'][number]>();
  run: LedgerBatch['run'] = {};
  readonly #keys = new Set<string>();
  #clock = 0;
  #version = 0;
  readonly random: () => number;

  constructor(random: () => number) {
    this.random = random;
  }

  get now(): number {
    return (this.#clock += 1);
  }

  activities(): Readonly<Record<string, InProcessActivity>> {
    return {
      act: ({ script }: Input, call: StepCallInput) => this.#effect('do', script.do, call),
      undo: ({ script, outcome }: Input, call: StepCallInput) => this.#effect('undo', script.undo, call, outcome),
      flushLedger: (batch: LedgerBatch) => this.#flush(batch),
    };
  }

  #effect(phase: Seen['phase'], how: string | undefined, call: StepCallInput, outcome?: string): () => unknown {
    const seen: (typeof this.seen)[number] = { step: call.step_name, phase, outcome, from: this.now };
    if (how !== 'no_effect' && !this.#keys.has(call.idempotency_key)) this.seen.push(seen);
    this.#keys.add(call.idempotency_key);
    return () => {
      seen.to = this.now;
      if (how === 'no_effect') throw ApplicationFailure.nonRetryable('nothing was done', 'NO_EFFECT');
      if (how === 'fail') throw ApplicationFailure.nonRetryable('told to fail', 'SCRIPTED');
      return { output: phase === 'do' ? call.step_name : null, attempt: 1, worker_id: 'w', started_at: new Date(0).toISOString() };
    };
  }

  /** Upserts as the ledger does; one flush in eight is not answered in time, though it may have been written. */
  #flush(batch: LedgerBatch): () => unknown {
    const fails = this.random() < 0.125;
    if (!fails || this.random() < 0.5) this.#write(batch);
    return () => {
      if (fails) throw ApplicationFailure.retryable('too late', 'LEDGER_TIMEOUT');
    };
  }

  #write(batch: LedgerBatch): void {
    if (batch.version < this.#version) throw new Error(`version ${batch.version} was flushed after ${this.#version}`);
    this.#version = batch.version;
    this.run = { ...this.run, ...batch.run };
    for (const step of batch.steps) this.steps.set(step.step_idx, step);
  }
}

async function runCase(random: RandomCase): Promise<Observed> {
  const outside = new Outside(seeded(random.seed));
  const observed = await runIn(outside, random);
  return typeof observed === 'object' && 'close' in observed ? observed : Promise.reject(new Error('cut off'));
}

/** Terminates the run after `cut` turns, then runs the body again in `mode`. */
async function runCut(random: RandomCase, cut: number, mode: 'rollback' | 'continue', again: readonly Nudge[]): Promise<Observed> {
  const outside = new Outside(seeded(random.seed));
  const first = await runIn(outside, random, { cut });
  if ('close' in first) return first;
  const error = first.error ?? { reason: 'terminated', compensate_from_idx: null };
  const reentry: Reentry = {
    mode,
    run_no: 2,
    root_run_id: 'r',
    created_at: first.created_at,
    started_at: first.started_at,
    recovery_attempts: 0,
    steps: seedsOf(first),
    error,
  };
  const second = await runIn(outside, { ...random, nudges: again }, { start: { reentry } });
  return 'close' in second ? { ...second, reentered: true } : Promise.reject(new Error('cut off'));
}

async function runIn(
  outside: Outside,
  random: RandomCase,
  { cut, start }: { readonly cut?: number; readonly start?: SagaStart } = {},
): Promise<Observed | SagaRun> {
  const world = enter(new World(outside.random, outside.activities()));
  const pauses = new Pauses(world);
  const send = (what: Nudge['what']): void => {
    if (what === 'cancel') world.cancel();
    else if (world.update(what)) pauses.note(what);
  };
  const onTurn = (turn: number): void => {
    for (const nudge of random.nudges.filter((each) => each.after === turn)) send(nudge.what);
  };
  const ended = await world.run(() => scripted({ steps: random.steps }, start), onTurn, cut);
  const rows = world.query('show') as SagaRun;
  if (!ended) return rows;
  expect([...outside.steps.values()].toSorted((a, b) => a.step_idx - b.step_idx)).toEqual(
    rows.steps.map(({ saga_id: _id, version: _version, ...step }) => step),
  );
  expect({ status: outside.run.status, error: outside.run.error }).toEqual({ status: rows.status, error: rows.error });
  return { seen: outside.seen, rows, close: closeOf(ended) };
}

/** What a history would tell of the run so far. */
function seedsOf({ steps }: SagaRun): SeedStep[] {
  return steps
    .filter((step) => step.status !== 'pending')
    .map(({ step_idx, status, output, error, compensated_at }) => ({
      step_idx,
      status,
      outcome: output === null ? 'unknown' : 'done',
      generation: compensated_at === null ? 0 : 1,
      ...(output === null ? {} : { output }),
      ...(error ? { error } : {}),
      ...(compensated_at === null ? {} : { compensated_at }),
    }));
}

/** No step starts while the run is paused. */
class Pauses {
  readonly #world: World;
  #pending: readonly number[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  note(what: Nudge['what']): void {
    const pending = (this.#world.query('show') as SagaRun).steps.filter((step) => step.status === 'pending').map((step) => step.step_idx);
    if (what === 'pause') this.#pending = pending;
    if (what === 'resume' && this.#pending.some((idx) => !pending.includes(idx)))
      throw new Error('a step started while the run was paused');
  }
}

function closeOf(ended: { value: unknown } | { error: unknown }): Observed['close'] {
  if ('value' in ended) return { status: 'completed' };
  if (ended.error instanceof CancelledFailure) return { status: 'canceled' };
  if (ended.error instanceof ApplicationFailure && ended.error.details?.[0]) return ended.error.details[0] as SagaClose;
  throw ended.error;
}

describe('runPlan, with random plans, failures, cancels and pauses', () => {
  it('undoes every completed step exactly once, after what depends on it, or names it', async () => {
    const property = fc.asyncProperty(randomCase(40), async (random) => {
      expect(violations(random, await runCase(random))).toEqual([]);
    });
    await fc.assert(property, { numRuns: 2_000 });
  });

  it('does so too when the run is terminated at any moment and rolled back', async () => {
    const property = fc.asyncProperty(randomCase(40), fc.nat({ max: 60 }), async (random, cut) => {
      expect(violations(random, await runCut(random, cut, 'rollback', []))).toEqual([]);
    });
    await fc.assert(property, { numRuns: 1_000 });
  });

  it('does so too when the run is terminated at any moment of its way forward and goes on from there', async () => {
    const cancels = fc.oneof(
      fc.constant([]),
      fc.nat({ max: 20 }).map((after): Nudge[] => [{ what: 'cancel', after }]),
    );
    const property = fc.asyncProperty(randomCase(40), fc.nat({ max: 30 }), cancels, async (random, cut, again) => {
      const calm = {
        ...random,
        nudges: [],
        steps: random.steps.map((step) => ({ ...step, script: { ...step.script, do: 'ok' as const } })),
      };
      expect(violations(calm, await runCut(calm, cut, 'continue', again))).toEqual([]);
    });
    await fc.assert(property, { numRuns: 1_000 });
  });
});
