import { ActivityFailure, CancellationScope } from '@temporalio/workflow';
import type { Json, StepError } from '../../contracts/ledger.ts';
import type { StepReturn } from '../../contracts/step-call.ts';
import { checkAdded } from './added-steps.ts';
import { DEFAULT_RETRIES, withCallScope, type CallScope } from './calls.ts';
import type { Journal, StepState } from './journal.ts';
import type { Outputs } from './outputs.ts';
import { park } from './park.ts';
import { isCancelled, refusal, stepErrorOf, stuckInChild } from './step-error.ts';
import type { Answer, Failure, StepOptions } from './types.ts';

/** What a step's rounds need of the engine that runs them. */
export interface StepHost {
  readonly journal: Journal;
  readonly outputs: Outputs;
  readonly failure: Failure | undefined;
  scope(idx: number, phase: 'do'): CallScope;
  record(idx: number, value: Json): Promise<void>;
  fail(failure: Failure): void;
  givenUp(idx: number): boolean;
}

/** More rounds of retries than this a `compensate` does not get. */
const MAX_ROUNDS = 10;

/** Runs a step to its end: a round is its single call under Temporal's retries, and `compensate` may ask for another. */
export async function runRounds(
  engine: StepHost,
  idx: number,
  act: () => Promise<unknown>,
  options: StepOptions<unknown>,
): Promise<unknown> {
  for (let round = 1; ; round += 1) {
    started(engine, idx);
    const scope = engine.scope(idx, 'do');
    try {
      const value = await withCallScope(scope, act);
      if (engine.givenUp(idx)) return park();
      return taken(engine, scope, value);
    } catch (error) {
      if (engine.givenUp(idx)) return park();
      if (isCancelled(error)) throw cancelled(engine, idx, error);
      const reason = stepErrorOf(error);
      const answer = answerTo(engine, reason, { options, round });
      if (answer.answer === 'fail') throw failed(engine, idx, error);
      if (answer.answer === 'continue') return continueWith(engine, idx, { value: answer.value as Json, error });
      engine.journal.setStep(idx, { status: 'retrying', error: reason });
    }
  }
}

function started({ journal }: StepHost, idx: number): void {
  const now = new Date().toISOString();
  if (journal.run.started_at === null) journal.setRun({ started_at: now });
  const times = { queued_at: now, started_at: null, completed_at: null, compensated_at: null };
  journal.setStep(idx, { ...times, status: 'running', outcome: 'unknown', output: null, error: null }, 'started');
}

/** The output of the act's single call, refused if it is another's or over a bound. */
function taken(engine: StepHost, { step_idx, step, made }: CallScope, value: unknown): unknown {
  if (!made) throw refusal('ENGINE_MISUSE', `step ${step.name} made no call: its act calls one activity, sub-saga or job`);
  if (value !== made.output) {
    const cure = 'compute in the activity, or in the body after the step';
    throw refusal('ENGINE_MISUSE', `step ${step.name} returned something else than its call gave: ${cure}`);
  }
  completed(engine, step_idx, { output: (value ?? null) as Json, returned: made.returned });
  return value;
}

function completed(
  { journal, outputs }: StepHost,
  idx: number,
  { output, returned }: { readonly output: Json; readonly returned: StepReturn | undefined },
): void {
  outputs.charge(idx, output);
  if (returned?.steps?.length) journal.append(checkAdded(journal.run, returned.steps));
  const how = returned
    ? { attempts: returned.attempt, worker_id: returned.worker_id, started_at: returned.started_at }
    : { attempts: 1, started_at: journal.step(idx).queued_at };
  outputs.complete(idx, output, how);
}

function cancelled(engine: StepHost, idx: number, error: unknown): unknown {
  engine.journal.setStep(idx, { status: 'cancelled', completed_at: new Date().toISOString() });
  const asked = engine.failure !== undefined || CancellationScope.current().consideredCancelled;
  const reason = { code: 'CANCELLED', message: 'the call was cancelled from outside' };
  if (!asked) engine.fail(failureOf(engine.journal.step(idx), reason, error));
  return error;
}

/** Once the run has failed, a step is not asked any more. */
function answerTo(
  engine: StepHost,
  reason: StepError,
  { options, round }: { options: StepOptions<unknown>; round: number },
): Answer<unknown> {
  const asked = engine.failure === undefined && round < MAX_ROUNDS;
  return (asked ? options.compensate?.(reason, round) : undefined) ?? { answer: 'fail' };
}

async function continueWith(
  engine: StepHost,
  idx: number,
  { value, error }: { readonly value: Json; readonly error: unknown },
): Promise<Json> {
  if (!engine.outputs.accepts(idx, value)) throw failed(engine, idx, error);
  await engine.record(idx, value);
  engine.outputs.complete(idx, value, {});
  return value;
}

function failed(engine: StepHost, idx: number, error: unknown): unknown {
  const step = engine.journal.step(idx);
  const reason = stepErrorOf(error);
  const completed_at = new Date().toISOString();
  engine.journal.setStep(idx, { status: 'failed', error: reason, completed_at, attempts: attemptsOf(error, step) }, 'failed');
  engine.fail(failureOf(step, reason, error));
  return error;
}

function failureOf({ step_idx, step_name }: StepState, reason: StepError, error: unknown): Failure {
  const message = `step ${step_name} failed: ${reason.message}`;
  return { reason: `step_failed:${step_name}`, message, step: { step_idx, ...reason }, stuck: stuckInChild(error) };
}

/** A failure tells only whether the attempts were used up. */
function attemptsOf(error: unknown, step: StepState): number {
  const usedUp = error instanceof ActivityFailure && error.retryState === 'MAXIMUM_ATTEMPTS_REACHED';
  return usedUp ? (step.plan.max_retries ?? DEFAULT_RETRIES) + 1 : Math.max(1, step.attempts);
}
