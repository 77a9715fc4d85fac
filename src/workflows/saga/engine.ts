import { ActivityFailure, CancellationScope, condition, workflowInfo } from '@temporalio/workflow';
import { LIMITS } from '../../contracts/limits.ts';
import type { Json, StepError } from '../../contracts/ledger.ts';
import { checkPlan, MAX_STEPS, PlanError, type Plan, type PlanStep } from '../../contracts/plan.ts';
import type { SagaStart } from '../../contracts/saga-start.ts';
import { encodeJson } from '../../contracts/payload-converter.ts';
import { TaskBudget } from './budget.ts';
import { DEFAULT_RETRIES, recordValue, withCallScope, type CallScope } from './calls.ts';
import { Flusher } from './flusher.ts';
import { Journal, type StepState } from './journal.ts';
import { isCancelled, refusal, stepErrorOf, stuckInChild } from './step-error.ts';
import type { Failure, SagaArguments, StepOptions } from './types.ts';

/** An entry of the undo stack. */
export interface UndoEntry {
  readonly idx: number;
  readonly undo?: StepOptions<unknown>['undo'];
}

interface LastStep {
  readonly idx: number;
  readonly act: () => Promise<unknown>;
  readonly options: StepOptions<unknown>;
}

/** More rounds of retries than this a `compensate` does not get. */
const MAX_ROUNDS = 10;

/**
 * Runs steps. A pass is one run of the body: `forward` passes act, `collect` passes only hand back what is recorded and gather the
 * undos, until the first step that is not.
 */
export class Engine {
  readonly journal: Journal;
  readonly flusher: Flusher;
  readonly stack: UndoEntry[] = [];
  readonly jobs: string[] = [];
  last: LastStep | undefined;
  failure: Failure | undefined;
  /** Settles when the forward part is to end before its body does: a failure, a cancel, a continue-as-new. */
  readonly ending = deferred();
  paused = false;
  /** Set once the forward part is over: no new step may start. */
  ended = false;
  inFlight = 0;
  /** The server suggested continue-as-new: no new step starts in this run. */
  rollover = false;
  /** The undo walk is over and the step declared to run last may still run. */
  shielded = false;
  /** Steps of the plan in code; those behind were added while running. */
  readonly plannedSteps: number;
  readonly #budget = new TaskBudget();
  readonly #args: SagaArguments<Json>;
  #pass: 'forward' | 'collect' = 'forward';
  #claimed = new Set<number>();

  constructor(plan: Plan, args: SagaArguments<Json>) {
    this.#args = args;
    this.plannedSteps = plan.steps.length;
    this.paused = args.start?.reentry?.paused ?? false;
    this.journal = new Journal(plan, args.input, args.start ?? {});
    this.flusher = new Flusher(this.journal);
  }

  get start(): SagaStart {
    return this.#args.start ?? {};
  }

  /** Begins a pass: the body is about to run, from its top. */
  beginPass(pass: 'forward' | 'collect'): void {
    this.#pass = pass;
    this.#claimed = new Set();
    this.stack.length = 0;
    this.last = undefined;
    this.inFlight = 0;
  }

  /** Has this pass come to every step that an earlier run had started? */
  reachedAllRecorded(): boolean {
    return this.journal.steps.every((step) => !step.recorded || this.#claimed.has(step.step_idx) || step.step_idx === this.last?.idx);
  }

  unreached(): StepState[] {
    return this.journal.steps.filter((step) => step.recorded && !this.#claimed.has(step.step_idx) && step.step_idx !== this.last?.idx);
  }

  /** One step, from the body's call to its return. */
  async step<T>(idx: number, act: () => Promise<T>, options: StepOptions<T>): Promise<T> {
    this.#claim(idx);
    const step = this.journal.step(idx);
    // The stack and the rounds hold steps of any type; the outputs that an undo is told come from this very step.
    const untyped = options as StepOptions<unknown>;
    const entry: UndoEntry = { idx, ...(untyped.undo ? { undo: untyped.undo } : {}) };
    if (step.recorded) {
      if (needsUndo(step)) this.stack.push(entry);
      if (step.outcome === 'done') return step.output as T;
    }
    if (this.#pass === 'collect' && !this.shielded) return park();
    await this.#admit();
    if (step.status === 'skipped') return step.output as T;
    this.stack.push(entry);
    this.inFlight += 1;
    try {
      return (await this.#run(idx, act, untyped)) as T;
    } finally {
      this.inFlight -= 1;
      this.#endIfDrained();
    }
  }

  /** Makes one call for a step: `do` runs act, `undo` its undo. Tells what the call gave, and whether there was one. */
  async call(idx: number, phase: 'do' | 'undo', act: () => Promise<unknown>): Promise<{ readonly value: unknown; readonly scope: CallScope }> {
    const scope = this.#scope(idx, phase);
    try {
      return { value: await withCallScope(scope, act), scope };
    } finally {
      if (scope.made) this.journal.setStep(idx, { calls: { ...this.journal.step(idx).calls, [phase]: scope.n } });
    }
  }

  /** The first final failure decides; later ones only show in their rows. */
  fail(failure: Failure): void {
    this.failure ??= failure;
    this.ending.resolve();
  }

  /** Checks and appends steps that a step returned. Throws `INVALID_STEPS`. */
  extend(added: readonly PlanStep[]): void {
    const { kind, plan } = this.journal.run;
    try {
      checkPlan({ kind, steps: [...plan, ...added] });
    } catch (error) {
      if (!(error instanceof PlanError)) throw error;
      throw refusal('INVALID_STEPS', `${error.message} (at most ${MAX_STEPS} steps a run, added ones included)`);
    }
    this.journal.append(added);
  }

  #claim(idx: number): void {
    const { step_name } = this.journal.step(idx);
    if (this.#claimed.has(idx)) throw refusal('ENGINE_MISUSE', `step ${step_name} was run twice by its body: each step of a plan runs once`);
    this.#claimed.add(idx);
  }

  /** Waits until a new step may start; for ever when none will any more. */
  async #admit(): Promise<void> {
    if (this.shielded) return;
    if (this.paused) await condition(() => !this.paused || this.failure !== undefined || this.ended);
    if (this.failure || this.ended) return park();
    if (workflowInfo().continueAsNewSuggested) {
      this.rollover = true;
      this.#endIfDrained();
      return park();
    }
  }

  #endIfDrained(): void {
    if (this.rollover && this.inFlight === 0) this.ending.resolve();
  }

  async #run(idx: number, act: () => Promise<unknown>, options: StepOptions<unknown>): Promise<unknown> {
    for (let round = 1; ; round += 1) {
      this.#started(idx);
      try {
        return await this.#attempt(idx, act);
      } catch (error) {
        const again = await this.#failed(idx, error, { options, round });
        if (again) return again.value;
      }
    }
  }

  #started(idx: number): void {
    const now = new Date().toISOString();
    if (this.journal.run.started_at === null) this.journal.setRun({ started_at: now });
    const fresh = { status: 'running', queued_at: now, started_at: null, completed_at: null, compensated_at: null, output: null, error: null } as const;
    this.journal.setStep(idx, { ...fresh, outcome: 'unknown' }, 'started');
  }

  /** One round: the act's single call, under Temporal's retries. */
  async #attempt(idx: number, act: () => Promise<unknown>): Promise<unknown> {
    const name = this.journal.step(idx).step_name;
    const { value, scope } = await this.call(idx, 'do', act);
    if (!scope.made) throw refusal('ENGINE_MISUSE', `step ${name} made no call: its act calls one activity, sub-saga or job`);
    if (value !== scope.made.output) throw refusal('ENGINE_MISUSE', `step ${name} returned something else than its call gave: compute in the activity, or in the body after the step`);
    this.#completed(idx, value as Json, scope);
    return value;
  }

  #completed(idx: number, value: Json | undefined, scope: CallScope): void {
    const output = value ?? null;
    const { step_name } = this.journal.step(idx);
    const bytes = encodeJson(output, `the output of step ${step_name}`, LIMITS.valueBytes).length;
    if (!this.journal.chargeContext(bytes)) {
      throw refusal('PAYLOAD_TOO_LARGE', `step ${step_name}: all outputs of the run together are over ${LIMITS.contextBytes} bytes: store it as an artifact and pass its reference`);
    }
    const { returned, activity_id = null } = scope.made ?? {};
    if (returned?.steps?.length) this.extend(returned.steps);
    const how = returned ? { attempts: returned.attempt, worker_id: returned.worker_id, started_at: returned.started_at } : { attempts: 1 };
    this.#complete(idx, output, { ...how, activity_id });
  }

  #complete(idx: number, output: Json, how: Partial<StepState>): void {
    const step = this.journal.step(idx);
    this.journal.putContext(this.#args.contextOf?.(step.plan, idx, output) ?? { [step.step_name]: output });
    this.journal.setStep(idx, { ...how, status: 'completed', outcome: 'done', output, error: null, completed_at: new Date().toISOString() }, 'completed');
  }

  /** Settles a failed round: undefined to go round again, a value to continue with, or the error again. */
  async #failed(idx: number, error: unknown, { options, round }: { options: StepOptions<unknown>; round: number }): Promise<{ value: unknown } | undefined> {
    const step = this.journal.step(idx);
    const completed_at = new Date().toISOString();
    if (isCancelled(error)) {
      this.journal.setStep(idx, { status: 'cancelled', completed_at });
      if (!this.failure && !CancellationScope.current().consideredCancelled) this.fail(failureOf(step, { code: 'CANCELLED', message: 'the call was cancelled from outside' }, error));
      throw error;
    }
    const reason = stepErrorOf(error);
    const answer = this.failure || round >= MAX_ROUNDS ? { answer: 'fail' as const } : (options.compensate?.(reason, round) ?? { answer: 'fail' as const });
    if (answer.answer === 'retry') {
      this.journal.setStep(idx, { status: 'retrying', error: reason });
      return undefined;
    }
    if (answer.answer === 'continue') {
      await recordValue(this.#scope(idx, 'value'), answer.value as Json);
      this.#complete(idx, answer.value as Json, {});
      return { value: answer.value };
    }
    this.journal.setStep(idx, { status: 'failed', error: reason, completed_at, attempts: attemptsOf(error, step) }, 'failed');
    this.fail(failureOf(step, reason, error));
    throw error;
  }

  #scope(idx: number, phase: CallScope['phase']): CallScope {
    const step = this.journal.step(idx);
    const { id, root_run_id } = this.journal.run;
    return {
      saga_id: id,
      root_run_id: root_run_id ?? '',
      step: step.plan,
      step_idx: idx,
      phase,
      n: step.calls[phase] + 1,
      generation: step.generation,
      budget: this.#budget,
      onJob: (workflowId) => this.jobs.push(workflowId),
    };
  }
}

function deferred(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

function failureOf(step: StepState, reason: StepError, error: unknown): Failure {
  const { step_idx, step_name } = step;
  return { reason: `step_failed:${step_name}`, message: `step ${step_name} failed: ${reason.message}`, step: { step_idx, ...reason }, stuck: stuckInChild(error) };
}

/** A failure tells only whether the attempts were used up. */
function attemptsOf(error: unknown, step: StepState): number {
  const usedUp = error instanceof ActivityFailure && error.retryState === 'MAXIMUM_ATTEMPTS_REACHED';
  return usedUp ? (step.plan.max_retries ?? DEFAULT_RETRIES) + 1 : Math.max(1, step.attempts);
}

/** Of a recorded step: is there something left to take back? */
function needsUndo(step: StepState): boolean {
  return step.compensated_at === null && step.status !== 'skipped' && step.status !== 'compensated';
}

/** Never resolves: the pass is over for this branch of the body, and the engine goes on without it. */
function park(): Promise<never> {
  return new Promise(() => undefined);
}
