import type { Json, StepError, Stuck } from '../../contracts/ledger.ts';
import type { Outcome } from '../../contracts/step-call.ts';
import type { SagaStart } from '../../contracts/saga-start.ts';
import type { PlanStep } from '../../contracts/plan.ts';

/** A step's own answer to its final failure. */
export type Answer<T> = { readonly answer: 'retry' } | { readonly answer: 'continue'; readonly value: T } | { readonly answer: 'fail' };

/** Why a step is taken back: `cancelled`, `terminated` or `step_failed:<name>`; `recover` when it is to run again. */
export type UndoReason = string;

export interface StepOptions<T> {
  /** Takes the step back: one call. Pushed before the step acts; must accept that nothing happened. */
  undo?(this: void, outcome: Outcome<T>, why: UndoReason): Promise<unknown>;
  /** Asked when Temporal's retries are used up: pure code. `tries` counts the rounds of retries so far, from 1; at most 10 are made. Default: fail. */
  compensate?(this: void, error: StepError, tries: number): Answer<T>;
}

/** What a body works with; `N` are the step names of its plan. */
export interface Saga<N extends string = string> {
  readonly id: string;
  /** How often this run has been recovered: 0 in the first try. */
  readonly recoveryAttempts: number;
  /** Runs a step of the plan: `act` makes exactly one call and returns what it gave. Each name is used once. */
  step<T>(name: N, act: () => Promise<T>, options?: StepOptions<NoInfer<T>>): Promise<T>;
  /** Declares a step that runs last whatever the end: after the others when all went well, after the undo walk when not; not when the run halts. */
  finally(name: N, act: () => Promise<unknown>, options?: Pick<StepOptions<unknown>, 'compensate'>): void;
}

/** A body: pure code and `saga.*` calls, nothing else. It may be run again, from recorded outputs, by a re-entry. */
export type Body<N extends string, R> = (saga: Saga<N>) => Promise<R>;

/** What a workflow function hands to the engine: its two arguments, and how outputs get into the run's context. */
export interface SagaArguments<I> {
  readonly input: I;
  readonly start: SagaStart | undefined;
  /** What a step's output adds to the context. Default: `{[step.name]: output}`. */
  readonly contextOf?: (step: PlanStep, idx: number, output: Json) => { readonly [key: string]: Json };
}

/** Why the forward part of a run ended. */
export interface Failure {
  readonly reason: string;
  readonly message: string;
  readonly step?: StepError & { readonly step_idx: number };
  /** Cancelled by Temporal's own cancellation, before any failure. */
  readonly native?: boolean;
  /** Lets running steps finish before anything is undone. */
  readonly graceful?: boolean;
  /** Asked to halt. */
  readonly halt?: boolean;
  readonly stuck?: readonly Stuck[];
}
