import { CancellationScope, condition } from '@temporalio/workflow';
import { ERROR_CODES } from '../../contracts/errors.ts';
import type { SagaError, Stuck } from '../../contracts/ledger.ts';
import { depths } from '../../contracts/plan.ts';
import type { Outcome } from '../../contracts/step-call.ts';
import type { Engine, UndoEntry } from './engine.ts';
import type { StepState } from './journal.ts';
import { showPhase } from './show-phase.ts';
import { stepErrorOf } from './step-error.ts';
import type { Failure } from './types.ts';

/** How long cancelled siblings may take to settle before the walk begins without them, in ms. */
const SETTLE_MS = 60_000;

/**
 * Undoes what is on the stack: in reverse topological order, layers one after the other, the steps of a layer in parallel, all of it
 * shielded from cancellation. A failing undo never stops the walk. Answers the run's error, with what is stuck.
 */
export async function unwind(engine: Engine, failure: Failure): Promise<SagaError> {
  return CancellationScope.nonCancellable(async () => {
    const unsettled = await settleSiblings(engine);
    const entries = engine.stack.filter(
      (entry) => isVisited(engine.journal.step(entry.idx), entry) && !unsettled.some((stuck) => stuck.step_idx === entry.idx),
    );
    const error = errorOf(failure, entries, [...(failure.stuck ?? []), ...unsettled, ...notReached(engine)]);
    engine.journal.setRun({ status: 'compensating', error });
    showPhase(engine);
    const stuck = await undoLayers(engine, entries);
    return withStuck(error, stuck);
  });
}

/** Undoes the given entries only, for a recovery that goes on afterwards. Answers what is stuck. */
export async function undoLayers(engine: Engine, entries: readonly UndoEntry[]): Promise<Stuck[]> {
  const depth = depths(engine.journal.steps.map((step) => step.needs));
  const stuck: Stuck[] = [];
  for (let layer = Math.max(0, ...depth); layer >= 0; layer -= 1) {
    const steps = entries.filter((entry) => depth[entry.idx] === layer);
    const undone = await Promise.all(steps.map((entry) => undoOne(engine, entry)));
    stuck.push(...undone.flat());
  }
  return stuck;
}

/** Runs the step that was declared to run last, in a run that was undone. Answers it when it is stuck. */
export async function runFinalizer(engine: Engine): Promise<Stuck[]> {
  const { last } = engine;
  if (!last) return [];
  if (engine.journal.step(last.idx).outcome === 'done') return [];
  return CancellationScope.nonCancellable(async () => {
    engine.shielded = true;
    try {
      await engine.step(last.idx, last.act, last.options);
      return [];
    } catch (error) {
      return [markStuck(engine, last.idx, stepErrorOf(error))];
    }
  });
}

/** The error with what turned out to be stuck. */
export function withStuck(error: SagaError, stuck: readonly Stuck[]): SagaError {
  const all = [...(error.stuck ?? []), ...stuck];
  return all.length > 0 ? { ...error, stuck: all } : error;
}

/** Does the walk stop at this step? A failed or cancelled one without undo, and one that left nothing behind, is simply passed by. */
export function isVisited(step: StepState, entry: UndoEntry): boolean {
  if (step.status === 'skipped' || step.plan.always) return false;
  if (step.outcome === 'done') return true;
  return entry.undo !== undefined && step.error?.code !== ERROR_CODES.NO_EFFECT;
}

/** Before a recovery; a sub-saga that was halted has kept everything to go on from. */
export function isUndoneToRecover(step: StepState, entry: UndoEntry): boolean {
  return isVisited(step, entry) && step.error?.code !== ERROR_CODES.SAGA_HALTED;
}

function errorOf(failure: Failure, entries: readonly UndoEntry[], stuck: readonly Stuck[]): SagaError {
  const from = entries.length > 0 ? Math.max(...entries.map((entry) => entry.idx)) : null;
  return withStuck({ reason: failure.reason, compensate_from_idx: from, message: failure.message }, stuck);
}

async function settleSiblings(engine: Engine): Promise<Stuck[]> {
  if (engine.inFlight === 0) return [];
  if (await condition(() => engine.inFlight === 0, SETTLE_MS)) return [];
  return engine.journal.steps
    .filter((step) => step.status === 'running')
    .map((step) =>
      markStuck(engine, step.step_idx, {
        code: ERROR_CODES.DID_NOT_SETTLE,
        message: `still running ${SETTLE_MS / 1000} s after it was cancelled`,
      }),
    );
}

/** Steps of the earlier run that the body did not come to when it was run again, so that their undo is not known. */
export function notReached(engine: Engine, fromStep = 0): Stuck[] {
  return engine
    .unreached()
    .filter((step) => step.step_idx >= fromStep)
    .map((step) =>
      markStuck(engine, step.step_idx, {
        code: ERROR_CODES.NOT_REACHED,
        message: 'the body did not come to this step when it was run again',
      }),
    );
}

async function undoOne(engine: Engine, entry: UndoEntry): Promise<Stuck[]> {
  const { idx, undo } = entry;
  const { journal } = engine;
  const step = journal.step(idx);
  const after = step.outcome === 'done' ? 'compensated' : undoneStatus(step);
  if (!undo) {
    journal.setStep(idx, { status: after, compensated_at: new Date().toISOString() }, 'compensated');
    return [];
  }
  const outcome = outcomeOf(step);
  journal.setStep(idx, { status: 'compensating' });
  try {
    await engine.call(idx, 'undo', () => undo(outcome, engine.failure?.reason ?? engine.start.reentry?.error?.reason ?? 'recover'));
    journal.setStep(idx, { status: after, compensated_at: new Date().toISOString(), generation: step.generation + 1 }, 'compensated');
    return [];
  } catch (error) {
    return [markStuck(engine, idx, stepErrorOf(error))];
  }
}

/** A failed or cancelled step stays what it was; `compensated_at` tells that it was taken back. */
function undoneStatus(step: StepState): StepState['status'] {
  return step.status === 'cancelled' || step.status === 'failed' ? step.status : 'compensated';
}

function outcomeOf(step: StepState): Outcome<unknown> {
  if (step.outcome === 'done') return { status: 'done', output: step.output };
  return { status: 'unknown', error: step.error ?? { code: 'UNKNOWN', message: `the step was ${step.status} when the run ended` } };
}

function markStuck(engine: Engine, idx: number, error: { readonly code: string; readonly message: string }): Stuck {
  engine.journal.setStep(idx, { status: 'compensation_failed', error });
  return { step_idx: idx, step_name: engine.journal.step(idx).step_name, ...error };
}
