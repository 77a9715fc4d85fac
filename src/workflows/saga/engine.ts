import { condition, workflowInfo } from '@temporalio/workflow';
import type { Json } from '../../contracts/ledger.ts';
import type { Plan } from '../../contracts/plan.ts';
import type { SagaStart } from '../../contracts/saga-start.ts';
import { TaskBudget } from './budget.ts';
import { recordValue, withCallScope, type CallScope } from './calls.ts';
import type { JobRef } from './children.ts';
import { Flusher } from './flusher.ts';
import { Journal, type StepState } from './journal.ts';
import { Outputs } from './outputs.ts';
import { park } from './park.ts';
import { runRounds, type StepHost } from './rounds.ts';
import { refusal } from './step-error.ts';
import { Suspensions } from './suspensions.ts';
import { Traffic } from './traffic.ts';
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

/**
 * Runs steps. A pass is one run of the body: `forward` passes act, `collect` passes only hand back what is recorded and gather the
 * undos, until the first step that is not.
 */
export class Engine implements StepHost {
  readonly journal: Journal;
  readonly flusher: Flusher;
  readonly outputs: Outputs;
  readonly suspensions = new Suspensions(this);
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
  /** The undo walk is over and the step declared to run last may still run. */
  shielded = false;
  /** Steps of the plan in code; those behind were added while running. */
  readonly plannedSteps: number;
  readonly #budget = new TaskBudget();
  readonly #traffic = new Traffic();
  readonly #args: SagaArguments<Json>;
  #pass: 'forward' | 'collect' = 'forward';
  #claimed = new Set<number>();

  constructor(plan: Plan, args: SagaArguments<Json>) {
    this.#args = args;
    this.plannedSteps = plan.steps.length;
    this.paused = args.start?.reentry?.paused ?? false;
    this.journal = new Journal(plan, args.input, args.start ?? {});
    this.flusher = new Flusher(this.journal, this.#traffic);
    this.outputs = new Outputs(this.journal, args.contextOf);
    for (const step of this.journal.steps.filter((each) => each.recorded && each.outcome === 'done')) this.#adopt(step);
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
    return this.journal.steps.filter(
      (step) => step.recorded && needsUndo(step) && !this.#claimed.has(step.step_idx) && step.step_idx !== this.last?.idx,
    );
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
    const barrier = this.#barrier(idx);
    if (barrier) await barrier;
    if (step.status === 'skipped') return step.output as T;
    if (!this.stack.includes(entry)) this.stack.push(entry);
    this.inFlight += 1;
    try {
      return (await runRounds(this, idx, act, untyped)) as T;
    } finally {
      this.inFlight -= 1;
      this.#endIfDrained();
    }
  }

  /** Makes one call for a step: its undo. */
  call(idx: number, phase: 'undo', act: () => Promise<unknown>): Promise<unknown> {
    return withCallScope(this.scope(idx, phase), act);
  }

  /** The first final failure decides; later ones only show in their rows. */
  fail(failure: Failure): void {
    this.failure ??= failure;
    this.ending.resolve();
  }

  /** Puts a value into the history for a step whose `compensate` continued with it. */
  record(idx: number, value: Json): Promise<void> {
    return recordValue(this.scope(idx, 'value'), value);
  }

  /** Did the walk begin without this step, which is named as stuck? Then its late end changes nothing. */
  givenUp(idx: number): boolean {
    return this.ended && this.journal.step(idx).status === 'compensation_failed';
  }

  /** What an earlier run of this id has put out; a pause still reaches the jobs that it started. */
  #adopt(step: StepState): void {
    this.outputs.adopt(step);
    if (isJobOf(step.output, this.journal.run.id)) this.jobs.push(step.output.job_id);
  }

  #claim(idx: number): void {
    const { step_name } = this.journal.step(idx);
    if (this.#claimed.has(idx))
      throw refusal('ENGINE_MISUSE', `step ${step_name} was run twice by its body: each step of a plan runs once`);
    this.#claimed.add(idx);
  }

  /** What a new step has to wait for, if anything: for ever when none may start any more. */
  #barrier(idx: number): Promise<void> | undefined {
    if (this.shielded && idx === this.last?.idx) return undefined;
    if (this.failure || this.ended) return park();
    if (this.paused) return this.#resumed(idx);
    if (!workflowInfo().continueAsNewSuggested) return undefined;
    this.rollover = true;
    this.#endIfDrained();
    return park();
  }

  async #resumed(idx: number): Promise<void> {
    await condition(() => !this.paused || this.failure !== undefined || this.ended);
    await this.#barrier(idx);
  }

  #endIfDrained(): void {
    if (this.rollover && this.inFlight === 0) this.ending.resolve();
  }

  /** What the next call of a step is made with. */
  scope(idx: number, phase: CallScope['phase']): CallScope {
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
      recoveries: this.journal.run.recovery_attempts,
      budget: this.#budget,
      traffic: this.#traffic,
      onCall: (activityId) => this.#called(idx, phase, activityId),
      onJob: (workflowId) => this.jobs.push(workflowId),
      suspend: (request, n) => this.suspensions.wait(idx, request, n),
    };
  }

  #called(idx: number, phase: CallScope['phase'], activityId: string): void {
    const { calls } = this.journal.step(idx);
    const counted = { calls: { ...calls, [phase]: calls[phase] + 1 } };
    this.journal.setStep(idx, phase === 'do' ? { ...counted, activity_id: activityId } : counted);
  }
}

function deferred(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
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
