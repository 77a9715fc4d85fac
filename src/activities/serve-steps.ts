import { ApplicationFailure, Context } from '@temporalio/activity';
import { ERROR_CODES } from '../contracts/errors.ts';
import type { Json } from '../contracts/ledger.ts';
import { LIMITS } from '../contracts/limits.ts';
import { encodeJson } from '../contracts/payload-converter.ts';
import type { PlanStep } from '../contracts/plan.ts';
import type { HeartbeatProgress } from '../contracts/progress.ts';
import type { StepCallInput, StepReturn } from '../contracts/step-call.ts';
import { Pulse } from './pulse.ts';

/** What an activity that serves a step is told, besides its input. */
export interface StepContext extends StepCallInput {
  /** From 1; grows with each of Temporal's retries. */
  readonly attempt: number;
  /** Aborted when the step is cancelled, timed out, or its worker shuts down. */
  readonly signal: AbortSignal;
  /** Reports progress; also proves that the worker is alive, which otherwise happens by itself. */
  heartbeat(progress: HeartbeatProgress & { readonly [key: string]: Json }): void;
  /** What the attempt before last reported, if any. */
  readonly lastHeartbeat: unknown;
}

/** An output together with further steps to run. */
export class WithSteps<T> {
  readonly output: T;
  readonly steps: readonly PlanStep[];

  constructor(output: T, steps: readonly PlanStep[]) {
    this.output = output;
    this.steps = steps;
  }
}

/** Activities as steps serve them: with the step's context behind the input. */
export type ServedSteps<A extends { [K in keyof A]: (input: never) => Promise<unknown> }> = {
  [K in keyof A]: (input: Parameters<A[K]>[0], step: StepContext) => ReturnType<A[K]>;
};

type StepActivity = (input: never, step: StepContext) => Promise<unknown>;
type Served = (input: unknown, call?: StepCallInput) => Promise<StepReturn>;

/**
 * Turns functions `(input, step) → output` into activities that `callSteps` can call: adds who ran it, at which attempt and since
 * when to the result, heartbeats three times per heartbeat timeout, and refuses outputs over `LIMITS.valueBytes` or that are no JSON.
 */
export function serveSteps<A extends { [K in keyof A]: StepActivity }>(activities: A): { [K in keyof A]: Served } {
  const served = Object.entries<StepActivity>(activities).map(([name, activity]) => [name, serve(name, activity)]);
  return Object.fromEntries(served) as { [K in keyof A]: Served };
}

function serve(name: string, activity: StepActivity): Served {
  return async (input, call) => {
    if (!call)
      throw ApplicationFailure.nonRetryable(
        `${name} serves steps of a saga: call it with callSteps, not by itself`,
        ERROR_CODES.ENGINE_MISUSE,
      );
    const started_at = new Date().toISOString();
    const began = performance.now();
    const { info } = Context.current();
    const pulse = new Pulse();
    try {
      const answer = await activity(input as never, stepContext(call, pulse));
      const { output, steps } = answer instanceof WithSteps ? answer : { output: answer, steps: [] };
      encodeJson(output, `the output of step ${call.step_name}`, LIMITS.valueBytes);
      const took_ms = Math.round(performance.now() - began);
      const returned = { output: (output ?? null) as Json, attempt: info.attempt, worker_id: workerIdentity(), started_at, took_ms };
      return steps.length > 0 ? { ...returned, steps } : returned;
    } finally {
      pulse.stop();
    }
  };
}

function stepContext(call: StepCallInput, pulse: Pulse): StepContext {
  const context = Context.current();
  return {
    ...call,
    attempt: context.info.attempt,
    signal: context.cancellationSignal,
    heartbeat: (progress) => pulse.beat(progress),
    lastHeartbeat: context.info.heartbeatDetails,
  };
}

/** Name of this worker in rows: set by `startWorker`, the same as in Temporal Web. */
let identity = `${process.pid}@local`;
export function setWorkerIdentity(name: string): void {
  identity = name;
}
export function workerIdentity(): string {
  return identity;
}
