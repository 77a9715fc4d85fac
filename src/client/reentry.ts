import { ERROR_CODES } from '../contracts/errors.ts';
import type { SagaError } from '../contracts/ledger.ts';
import { LIMITS } from '../contracts/limits.ts';
import type { Reentry, ReentryMode, SagaStart, SeedStep } from '../contracts/saga-start.ts';
import type { FoldedRun, FoldedStep } from './history/folded.ts';
import { contextOf } from './rebuild.ts';

/** Why a run is not entered again, and what to do instead. */
export interface Refusal {
  readonly code: 'CONFLICT' | 'REFUSED';
  readonly message: string;
  readonly hint: string;
}

export interface StepRef {
  readonly step_idx: number;
  readonly step_name: string;
}

/** What a re-entry does with each step that it touches. */
export interface ReentryPreview {
  readonly reused: readonly StepRef[];
  readonly undone: readonly StepRef[];
  readonly run: readonly StepRef[];
}

/** What to start, under the same workflow id, or why not. */
export type ReentryPlan = { readonly refusal: Refusal } | { readonly start: SagaStart; readonly preview: ReentryPreview };

const DEFAULT_RECOVERIES = 3;

/** Go on from `fromStep`: the steps before it are reused, those from it on are undone where they started, and run again. */
export function planRecover(folded: FoldedRun, fromStep: number, options: { readonly max_recovery_attempts?: number } = {}): ReentryPlan {
  const refusal = refuseUnlessStopped(folded, 'recover') ?? refuseRecovery(folded, fromStep, options.max_recovery_attempts);
  if (refusal) return { refusal };
  const preview = {
    reused: refs(folded.steps.slice(0, fromStep)),
    // A halted sub-saga keeps what it has, and goes on from there.
    undone: refs(folded.steps.slice(fromStep).filter((step) => isStanding(step) && step.error?.code !== ERROR_CODES.SAGA_HALTED)),
    run: refs(folded.steps.slice(fromStep)),
  };
  const attempts = { from_step: fromStep, recovery_attempts: folded.recovery_attempts + 1 };
  return planned(folded, { mode: 'recover', ...attempts }, preview);
}

export interface RollbackOptions {
  /** The run's reason afterwards, such as `cancelled`. Default: why it stopped. */
  readonly reason?: string;
  /** Also take a run that completed: how a sub-saga is undone by its parent. Default false. */
  readonly completed_too?: boolean;
}

/** Undo everything that stands. */
export function planRollback(folded: FoldedRun, options: RollbackOptions = {}): ReentryPlan {
  const allowed = options.completed_too === true && folded.ended === 'completed';
  const refusal = allowed ? undefined : refuseUnlessStopped(folded, 'rollback');
  if (refusal) return { refusal };
  return planned(folded, { mode: 'rollback', error: rollbackError(folded, options.reason) }, undoing(folded));
}

/** Undo again what is stuck. */
export function planUndoRetry(folded: FoldedRun): ReentryPlan {
  const refusal = refuseOpen(folded);
  if (refusal) return { refusal };
  const { error } = folded;
  if (!error?.stuck?.length || folded.ended !== 'failed') {
    return {
      refusal: refused(
        `run ${folded.id} has nothing that is stuck: undo retry takes a run whose undo failed, this one is ${standing(folded)}`,
        `cerebros show ${folded.id}`,
      ),
    };
  }
  const { stuck: _again, ...why } = error;
  return planned(folded, { mode: 'undo_retry', error: why }, undoing(folded));
}

function refuseUnlessStopped(folded: FoldedRun, command: string): Refusal | undefined {
  const open = refuseOpen(folded);
  if (open || folded.status === 'halted' || isAbandoned(folded)) return open;
  return refused(
    `run ${folded.id} is ${standing(folded)}: ${command} takes a run that is halted, or that Temporal ended without undo`,
    `cerebros show ${folded.id}`,
  );
}

function refuseOpen(folded: FoldedRun): Refusal | undefined {
  if (folded.ended !== 'open' && folded.ended !== 'continued') return undefined;
  return {
    code: 'CONFLICT',
    message: `run ${folded.id} is ${folded.status}, still open: expected one that has closed`,
    hint: `cerebros cancel ${folded.id}   (or wait for its end)`,
  };
}

function refuseRecovery(folded: FoldedRun, fromStep: number, given: number | undefined): Refusal | undefined {
  const unfinished = lowestUnfinished(folded.steps);
  if (!Number.isInteger(fromStep) || fromStep < 0 || fromStep > unfinished) {
    const name = folded.steps[unfinished]?.step_name ?? 'the end';
    return refused(
      `run ${folded.id}: expected a step from 0 to ${unfinished} (${name} is the first that is not finished), got ${fromStep}`,
      `cerebros recover ${folded.id} --from-step ${unfinished}`,
    );
  }
  const allowed = given ?? folded.start.max_recovery_attempts ?? DEFAULT_RECOVERIES;
  if (folded.recovery_attempts < allowed) return undefined;
  return refused(
    `run ${folded.id} was recovered ${folded.recovery_attempts} times, at most ${allowed} are allowed`,
    `cerebros rollback ${folded.id}`,
  );
}

function refused(message: string, hint: string): Refusal {
  return { code: 'REFUSED', message, hint };
}

/** Ended by Temporal, or by a failure that is no saga's: nothing was undone. */
function isAbandoned({ ended }: FoldedRun): boolean {
  return ended === 'terminated' || ended === 'timed_out' || ended === 'broken';
}

function standing(folded: FoldedRun): string {
  return isAbandoned(folded) ? folded.ended.replace('_', ' ') : folded.status;
}

function lowestUnfinished(steps: readonly FoldedStep[]): number {
  const idx = steps.findIndex((step) => step.status !== 'completed' && step.status !== 'skipped');
  return idx < 0 ? steps.length : idx;
}

/** Did it start, and was it not taken back? */
function isStanding(step: FoldedStep): boolean {
  return step.outcome !== null && step.compensated_at === null;
}

function undoing(folded: FoldedRun): ReentryPreview {
  const undone = folded.steps.filter((step) => isStanding(step) && !folded.plan[step.step_idx]?.always);
  return { reused: [], undone: refs(undone), run: [] };
}

function refs(steps: readonly FoldedStep[]): readonly StepRef[] {
  return steps.map(({ step_idx, step_name }) => ({ step_idx, step_name }));
}

/** What was stopped keeps its reason; `compensate_from_idx` is the highest step that stands. */
function rollbackError(folded: FoldedRun, reason: string | undefined): SagaError {
  const compensate_from_idx = undoing(folded).undone.at(-1)?.step_idx ?? null;
  if (reason !== undefined) return { reason, compensate_from_idx, message: `rolled back: ${reason}` };
  if (folded.ended === 'completed') return { reason: 'cancelled', compensate_from_idx, message: 'rolled back after it had completed' };
  if (folded.ended === 'failed' && folded.error) return { ...folded.error, compensate_from_idx };
  if (folded.ended === 'timed_out') return { reason: 'timeout', compensate_from_idx, message: 'Temporal ended the run: timed out' };
  const { broken_by } = folded;
  if (broken_by) return { reason: 'terminated', compensate_from_idx, message: broken_by.message, code: broken_by.code };
  return { reason: 'terminated', compensate_from_idx, message: 'Temporal ended the run: terminated' };
}

type Entry = Pick<Reentry, 'from_step' | 'error'> & { readonly mode: ReentryMode; readonly recovery_attempts?: number };

function planned(folded: FoldedRun, entry: Entry, preview: ReentryPreview): ReentryPlan {
  const { on_failure, max_recovery_attempts, job_id, parent_id, metadata } = folded.start;
  const reentry: Reentry = {
    run_no: folded.run_no + 1,
    root_run_id: folded.root_run_id,
    created_at: folded.created_at,
    started_at: folded.started_at,
    recovery_attempts: folded.recovery_attempts,
    ...entry,
    steps: folded.steps.filter((step) => step.status !== 'pending' || step.generation > 0).map(seedOf),
    ...(folded.dynamic_steps.length > 0 ? { dynamic_steps: folded.dynamic_steps } : {}),
    paused: false,
  };
  const kept = Object.entries({ on_failure, max_recovery_attempts, job_id, parent_id, metadata }).filter(
    ([, value]) => value !== undefined,
  );
  const start: SagaStart = { ...Object.fromEntries(kept), reentry };
  const bytes = sizeOf(start);
  if (bytes > LIMITS.seedBytes) {
    const message = `run ${folded.id}: what its steps gave is ${bytes} bytes of JSON, expected at most ${LIMITS.seedBytes} to go on from: store outputs as artifacts`;
    return { refusal: refused(message, `cerebros show ${folded.id}`) };
  }
  return { start: withContext(folded, start, reentry), preview };
}

/** The ledger merges what a new run puts into the context, so what does not fit may stay behind. */
function withContext(folded: FoldedRun, start: SagaStart, reentry: Reentry): SagaStart {
  const context = contextOf(folded);
  const full: SagaStart = { ...start, reentry: { ...reentry, context } };
  return Object.keys(context).length > 0 && sizeOf(full) <= LIMITS.seedBytes ? full : start;
}

function sizeOf(start: SagaStart): number {
  return Buffer.byteLength(JSON.stringify(start));
}

/** A step that was being undone keeps the outcome it had before; one that was running, or suspended, has none. */
function seedOf(step: FoldedStep): SeedStep {
  const { step_idx, attempts, generation, error } = step;
  const stood = step.status === 'compensating' ? (step.before_undo ?? 'running') : step.status;
  const status = stood === 'sleeping' || stood === 'waiting' ? 'running' : stood;
  const done = step.outcome === 'done' || step.status === 'skipped';
  const { worker_id, queued_at, started_at, completed_at, compensated_at } = step;
  const known = Object.entries({ worker_id, queued_at, started_at, completed_at, compensated_at }).filter(([, value]) => value !== null);
  return {
    step_idx,
    status,
    ...(status === 'pending' ? {} : { outcome: done ? 'done' : 'unknown' }),
    ...(done ? { output: step.output } : {}),
    ...(error ? { error } : {}),
    ...(attempts > 0 ? { attempts } : {}),
    ...Object.fromEntries(known),
    generation,
  };
}
