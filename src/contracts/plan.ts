import { encode } from '@temporalio/common/lib/encoding.js';
import type { Json } from './ledger.ts';
import { LIMITS } from './limits.ts';

/** At most this many steps a run, dynamic ones included. */
export const MAX_STEPS = 500;

/** How an undo is retried; the undo itself is code beside the step, or the step it names. */
export interface UndoSpec {
  readonly task_type?: string;
  /** Of an external step. Default: the step's own. */
  readonly queue?: string;
  /** Default 9. */
  readonly max_retries?: number;
  /** Bound of one attempt, in ms. Default 5 minutes. */
  readonly timeout_ms?: number;
}

/** A step as data, the same in plans, blueprints, jobs and the ledger. Ranges: `contracts/plan-schema.ts`. */
export interface PlanStep {
  readonly name: string;
  /** What runs: an activity, a child workflow, or a blueprint's step function. Default: the name. */
  readonly task_type?: string;
  /** Task queue of the activity. Default: the workflow's own. */
  readonly queue?: string;
  /** Names of earlier steps whose outputs this one needs; it starts when they are done. Default: none. */
  readonly needs?: readonly string[];
  readonly inputs?: Json;
  /** Retries after the first attempt, after 1 s, 2 s, 4 s … Default 3. */
  readonly max_retries?: number;
  /** Bound of one attempt, in ms. Default 5 minutes. */
  readonly timeout_ms?: number;
  /** A worker that is silent for this long, in ms, counts as dead. Default 10 s. */
  readonly heartbeat_ms?: number;
  /** Weight in the progress object, in seconds. Default: all steps weigh the same. */
  readonly estimated_duration_s?: number;
  /** How long a step waits for a worker to take it, in ms. Default: as long as it takes; of an external step 10 minutes. */
  readonly schedule_to_start_ms?: number;
  /** Run by a worker in any language, by the protocol of `contracts/step-protocol.ts`. */
  readonly external?: boolean;
  readonly undo?: UndoSpec;
  /**
   * Opt-in: run as a local activity, without a task queue. Only for short idempotent steps: a crash runs all of one workflow
   * task's light steps again.
   */
  readonly light?: boolean;
  /** Runs last whatever the end is, also after an undo walk (`saga.finally`); it is never undone itself. */
  readonly always?: boolean;
  /** What a person reads in Temporal Web, at most 120 characters. Default: the name. */
  readonly label?: string;
}

/** What a run is made of; can be drawn, listed and checked without running anything. `N` are the step names the compiler knows. */
export interface Plan<N extends string = string> {
  readonly kind: string;
  readonly steps: readonly (PlanStep & { readonly name: N })[];
}

/** Declares a plan; the compiler then refuses a step, or a need, that it does not name. Throws a `PlanError` when it cannot run. */
export function definePlan<const N extends string>(
  kind: string,
  steps: readonly (Omit<PlanStep, 'name' | 'needs'> & { readonly name: N; readonly needs?: readonly NoInfer<N>[] })[],
): Plan<N> {
  const plan: Plan<N> = { kind, steps };
  checkPlan(plan);
  return plan;
}

/** Thrown by `checkPlan` when a plan cannot run; the message names the step and the cure. */
export class PlanError extends Error {
  override readonly name = 'PlanError';
}

/** Refuses a plan that is empty or over a bound, double names (unless `repeatable`), and needs that do not name an earlier step. */
export function checkPlan(plan: Plan, options: { readonly repeatable?: boolean } = {}): void {
  if (plan.steps.length === 0) throw new PlanError(`plan ${plan.kind}: expected at least one step, got none`);
  if (plan.steps.length > MAX_STEPS)
    throw new PlanError(`plan ${plan.kind}: expected at most ${MAX_STEPS} steps, got ${plan.steps.length}`);
  const bytes = encode(JSON.stringify(plan.steps)).length;
  if (bytes > LIMITS.planBytes)
    throw new PlanError(
      `plan ${plan.kind}: expected at most ${LIMITS.planBytes} bytes of JSON, got ${bytes}; give large inputs to steps as references`,
    );
  const seen = new Set<string>();
  for (const [idx, step] of plan.steps.entries()) {
    if (seen.has(step.name) && !options.repeatable)
      throw new PlanError(`plan ${plan.kind}: steps[${idx}].name "${step.name}" is used twice; names are unique in a plan`);
    for (const need of step.needs ?? []) {
      if (!seen.has(need))
        throw new PlanError(
          `plan ${plan.kind}: steps[${idx}].needs names "${need}", which is no earlier step; steps may only need earlier ones`,
        );
    }
    seen.add(step.name);
  }
}

/** The indices each step needs; of a repeated name the nearest earlier one counts. */
export function needsByIndex(plan: Plan): number[][] {
  const last = new Map<string, number>();
  return plan.steps.map((step, idx) => {
    const needs = (step.needs ?? []).map((need) => last.get(need) ?? -1).filter((need) => need >= 0);
    last.set(step.name, idx);
    return needs;
  });
}

/** Depth of each step in the graph: 0 without needs, else one more than its deepest need. Steps are undone from the greatest depth to 0. */
export function depths(needs: readonly (readonly number[])[]): number[] {
  const depth: number[] = [];
  for (const own of needs) depth.push(own.reduce((deepest, need) => Math.max(deepest, (depth[need] ?? 0) + 1), 0));
  return depth;
}

/** Finds a step by name or index, as STEP is given in a command. */
export function stepIndex(plan: Plan, step: string): number | undefined {
  if (/^\d{1,3}$/.test(step)) return Number(step) < plan.steps.length ? Number(step) : undefined;
  const idx = plan.steps.findIndex((candidate) => candidate.name === step);
  return idx < 0 ? undefined : idx;
}
