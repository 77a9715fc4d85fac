import { ActivityFailure, CancellationScope, condition, log, workflowInfo } from '@temporalio/workflow';
import { LIMITS } from '../../contracts/limits.ts';
import type { Json, StepError } from '../../contracts/ledger.ts';
import type { Plan } from '../../contracts/plan.ts';
import type { SagaStart } from '../../contracts/saga-start.ts';
import { encodeJson } from '../../contracts/payload-converter.ts';
import { checkAdded } from './added-steps.ts';
import { TaskBudget } from './budget.ts';
import { DEFAULT_RETRIES, recordValue, withCallScope, type CallScope, type JobRef } from './calls.ts';
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
  /** The forward part is under way: the start was not put off, or its time has come. */
  begun = false;
  /** Set once the forward part is over: no new step may start. */
  ended = false;
  inFlight = 0;
  /** The server suggested continue-as-new: no new step starts in this run. */
  rollover = false;
  /** The timer of a start that was planned for later runs. */
  waiting = false;
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
    for (const step of this.journal.steps.filter((each) => each.recorded && each.outcome === 'done' && each.status !== 'skipped')) this.#adopt(step);
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

  /** Steps that an earlier run left something of, and that this pass has not come to. */
  unreached(): StepState[] {
    return this.journal.steps.filter((step) => step.recorded && needsUndo(step) && !this.#claimed.has(step.step_idx) && step.step_idx !== this.last?.idx);
  }

  /** One step, from the body's call to its return. */
  async step<T>(idx: number, act: () => Promise<T>, options: StepOptions<T>): Promise<T> {
    if (!this.shielded) this.#claim(idx);
    const step = this.journal.step(idx);
    // The stack and the rounds hold steps of any type; the outputs that an undo is told come from this very step.
    const untyped = options as StepOptions<unknown>;
    const entry: UndoEntry = { idx, ...(untyped.undo ? { undo: untyped.undo } : {}) };
    if (step.recorded) {
      if (needsUndo(step)) this.stack.push(entry);
      if (step.outcome === 'done') return step.output as T;
    }
    if (this.#pass === 'collect' && !this.shielded) return park();
    await this.#admit(idx);
    if (step.status === 'skipped') return step.output as T;
    if (!this.stack.includes(entry)) this.stack.push(entry);
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
      if (scope.made) this.#called(idx, scope);
    }
  }

  #called(idx: number, { phase, n, made }: CallScope): void {
    const calls = { ...this.journal.step(idx).calls, [phase]: n };
    this.journal.setStep(idx, phase === 'do' && made ? { calls, activity_id: made.activity_id } : { calls });
  }

  /** The first final failure decides; later ones only show in their rows. */
  fail(failure: Failure): void {
    this.failure ??= failure;
    this.ending.resolve();
  }

  #claim(idx: number): void {
    const { step_name } = this.journal.step(idx);
    if (this.#claimed.has(idx)) throw refusal('ENGINE_MISUSE', `step ${step_name} was run twice by its body: each step of a plan runs once`);
    this.#claimed.add(idx);
  }

  /** Waits until a new step may start; for ever when none will any more. */
  async #admit(idx: number): Promise<void> {
    if (this.shielded && idx === this.last?.idx) return;
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
    if (this.#givenUp(idx)) return park();
    if (!scope.made) throw refusal('ENGINE_MISUSE', `step ${name} made no call: its act calls one activity, sub-saga or job`);
    if (value !== scope.made.output) throw refusal('ENGINE_MISUSE', `step ${name} returned something else than its call gave: compute in the activity, or in the body after the step`);
    this.#completed(idx, value as Json, scope);
    return value;
  }

  #completed(idx: number, value: Json | undefined, scope: CallScope): void {
    const output = value ?? null;
    this.#charge(idx, output);
    const { returned } = scope.made ?? {};
    if (returned?.steps?.length) this.journal.append(checkAdded(this.journal.run, returned.steps));
    const how = returned ? { attempts: returned.attempt, worker_id: returned.worker_id, started_at: returned.started_at } : { attempts: 1, started_at: this.journal.step(idx).queued_at };
    this.#complete(idx, output, how);
  }

  /** Refuses an output that is over a bound, or no JSON. */
  #charge(idx: number, output: Json): void {
    const { step_name } = this.journal.step(idx);
    const bytes = encodeJson(output, `the output of step ${step_name}`, LIMITS.valueBytes).length;
    if (this.journal.chargeContext(idx, bytes)) return;
    throw refusal('PAYLOAD_TOO_LARGE', `step ${step_name}: all outputs of the run together are over ${LIMITS.contextBytes} bytes: store it as an artifact and pass its reference`);
  }

  /** A value to continue with is bound like an output; one that is not accepted leaves the step failed as it was. */
  #accepts(idx: number, value: Json): boolean {
    try {
      this.#charge(idx, value);
      return true;
    } catch (error) {
      log.warn('the value that a compensate continued with is not accepted', { step: this.journal.step(idx).step_name, error });
      return false;
    }
  }

  /** Counts and shows what an earlier run of this id has put out. */
  #adopt(step: StepState): void {
    this.journal.chargeContext(step.step_idx, encodeJson(step.output, `the output of step ${step.step_name}`, LIMITS.payloadBytes).length);
    this.#take(step, step.output);
    if (isJobOf(step.output, this.journal.run.id)) this.jobs.push(step.output.job_id);
  }

  /** Puts an output into the run's context. */
  #take(step: StepState, output: Json): void {
    this.journal.putContext(this.#args.contextOf?.(step.plan, step.step_idx, output) ?? { [step.step_name]: output });
  }

  #complete(idx: number, output: Json, how: Partial<StepState>): void {
    this.#take(this.journal.step(idx), output);
    this.journal.setStep(idx, { ...how, status: 'completed', outcome: 'done', output, error: null, completed_at: new Date().toISOString() }, 'completed');
  }

  /** Settles a failed round: undefined to go round again, a value to continue with, or the error again. */
  async #failed(idx: number, error: unknown, { options, round }: { options: StepOptions<unknown>; round: number }): Promise<{ value: unknown } | undefined> {
    const step = this.journal.step(idx);
    const completed_at = new Date().toISOString();
    if (this.#givenUp(idx)) return park();
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
    if (answer.answer === 'continue' && this.#accepts(idx, answer.value as Json)) {
      await recordValue(this.#scope(idx, 'value'), answer.value as Json);
      this.#complete(idx, answer.value as Json, {});
      return { value: answer.value };
    }
    this.journal.setStep(idx, { status: 'failed', error: reason, completed_at, attempts: attemptsOf(error, step) }, 'failed');
    this.fail(failureOf(step, reason, error));
    throw error;
  }

  /** Did the walk begin without this step, which is named as stuck? Then its late end changes nothing. */
  #givenUp(idx: number): boolean {
    return this.ended && this.journal.step(idx).status === 'compensation_failed';
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

/** Is it what `startJob` gave, in an earlier run of this id? */
function isJobOf(output: unknown, id: string): output is JobRef {
  const { job_id } = (output ?? {}) as Partial<JobRef>;
  return typeof job_id === 'string' && job_id.startsWith(`${id}.`);
}

/** Never resolves: the pass is over for this branch of the body, and the engine goes on without it. */
function park(): Promise<never> {
  return new Promise(() => undefined);
}
