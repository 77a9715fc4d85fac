import { writeFileSync } from 'node:fs';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import type { SagaRun, StepStatus } from '../../src/contracts/ledger.ts';
import type { PlanStep } from '../../src/contracts/plan.ts';
import type { SagaClose } from '../../src/contracts/saga-close.ts';
import type { Reentry, SagaStart, SeedStep } from '../../src/contracts/saga-start.ts';
import type { Rig } from './rig.ts';
import type { Script, ScriptedStep } from './scripted.ts';
import { until } from './until.ts';

type History = temporal.api.history.v1.IHistory;

// Words that the tests of the saga engine are written in.

/** A step of the workflow `scripted`. A cancel reaches it within a fraction of its heartbeat. */
export function step(name: string, script: Script = {}, plan: Omit<PlanStep, 'name'> = {}): ScriptedStep {
  return { name, heartbeat_ms: 600, ...plan, script };
}

/** Steps one after the other. */
export function chain(...steps: readonly ScriptedStep[]): ScriptedStep[] {
  return steps.map((each, idx) => ({ ...each, needs: steps.slice(Math.max(0, idx - 1), idx).map((before) => before.name) }));
}

/** How a run ended, as its caller sees it. */
export interface RunEnd {
  readonly temporal: 'completed' | 'failed' | 'cancelled';
  readonly type?: string | null | undefined;
  readonly result?: unknown;
  readonly close?: SagaClose;
}

export async function endOf(handle: WorkflowHandle): Promise<RunEnd> {
  try {
    return { temporal: 'completed', result: await handle.result() };
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    if (error.cause instanceof CancelledFailure) return { temporal: 'cancelled' };
    if (!(error.cause instanceof ApplicationFailure)) throw error;
    const close = error.cause.details?.[0] as SagaClose | undefined;
    return { temporal: 'failed', type: error.cause.type, ...(close ? { close } : {}) };
  }
}

/** Runs steps to their end: the rows, and how it ended. */
export async function runOf(
  rig: Rig,
  steps: readonly ScriptedStep[],
  start?: SagaStart,
  id?: string,
): Promise<RunEnd & { readonly id: string; readonly rows: SagaRun }> {
  const handle = await rig.startScripted({ steps }, start, id);
  const end = await endOf(handle);
  return { ...end, id: handle.workflowId, rows: await rig.rows(handle.workflowId) };
}

/** Lets the `wait` and `deaf` steps, or undos, of a run go on. */
export function openGate(rig: Rig, id: string, phase: 'do' | 'undo' = 'do'): void {
  writeFileSync(`${rig.gate}${phase === 'undo' ? '.undo' : ''}.${id}`, '');
}

/** The effects of a run in their order, as `do a`, `undo a done`. */
export function effectsOf(rig: Rig, id: string): string[] {
  return rig.effects.all(id).map(({ phase, step: name, outcome }) => [phase, name, outcome].filter(Boolean).join(' '));
}

export function undosOf(rig: Rig, id: string): string[] {
  return effectsOf(rig, id).filter((effect) => effect.startsWith('undo '));
}

/** Resolves once the run has made the effect. */
export async function seen(rig: Rig, id: string, effect: string): Promise<void> {
  await until(() => effectsOf(rig, id).includes(effect), 20_000, `"${effect}" of ${id}`);
}

/** Resolves once the ledger shows the run so. */
export async function ledgerShows(rig: Rig, id: string, fits: (run: SagaRun) => boolean): Promise<SagaRun> {
  return until(
    async () => {
      const run = await rig.rows(id).catch(() => undefined);
      return run && fits(run) ? run : undefined;
    },
    20_000,
    `the awaited rows of ${id}`,
  );
}

export function statuses(run: SagaRun): StepStatus[] {
  return run.steps.map((each) => each.status);
}

/** What a client would say of an earlier run of the same id. */
export function reentry(
  mode: Reentry['mode'],
  rootRunId: string,
  steps: readonly SeedStep[],
  more: Partial<Reentry> = {},
): { readonly reentry: Reentry } {
  return {
    reentry: {
      mode,
      run_no: 2,
      root_run_id: rootRunId,
      created_at: '2026-01-01T00:00:00.000Z',
      started_at: null,
      recovery_attempts: 0,
      steps,
      ...more,
    },
  };
}

/** Seeds for steps 0, 1, 2 … by status; a completed one's output is its name. */
export function seeds(steps: readonly ScriptedStep[], ...known: readonly StepStatus[]): SeedStep[] {
  return known.map((status, idx) => ({
    step_idx: idx,
    status,
    generation: 0,
    ...(status === 'completed' ? { output: steps[idx]?.name ?? '' } : {}),
  }));
}

/** The reason an update was refused with; throws when it was not. */
export async function refusalOf(update: Promise<unknown>): Promise<string> {
  const refused = await update.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(refused instanceof Error)) throw new Error('expected the update to be refused, it was accepted');
  return refused.cause instanceof Error ? refused.cause.message : refused.message;
}

/** The calls of a history in order of their scheduling, each with the attempts it took; those of the ledger left out. */
export function callsOf({ events }: History): [call: string, attempts: number][] {
  const calls = new Map<string, [string, number]>();
  for (const event of events ?? []) {
    const summary = textOf(event.userMetadata?.summary).split(' ')[0] ?? '';
    const id = event.activityTaskScheduledEventAttributes?.activityId ?? (event.markerRecordedEventAttributes ? summary : '');
    if (/:(do|undo|value):/.test(id ?? '')) calls.set(String(event.eventId), [id ?? '', 0]);
    const started = event.activityTaskStartedEventAttributes;
    const call = calls.get(String(started?.scheduledEventId));
    if (call) call[1] = started?.attempt ?? 0;
  }
  return [...calls.values()];
}

/** A string in a JSON payload, such as a summary. */
export function textOf(payload: { readonly data?: Uint8Array | null } | null | undefined): string {
  return payload?.data ? String(JSON.parse(Buffer.from(payload.data).toString('utf8'))) : '';
}
