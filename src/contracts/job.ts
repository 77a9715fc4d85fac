import type { Json } from './ledger.ts';
import type { Plan, PlanStep } from './plan.ts';
import { QUEUES } from './queues.ts';
import type { Outcome } from './step-call.ts';

/** A saga given as data, whose steps a service serves itself. Ranges: `contracts/job-schema.ts`. */
export interface JobDefinition {
  /** Letters, digits, ".", "_" or "-", at most 100. */
  readonly name: string;
  /** In an order in which each step depends only on earlier ones. */
  readonly steps: readonly JobStep[];
}

export interface JobStep {
  readonly name: string;
  /** What sort of step it is, in words of the service: `progress` calls it `type`. */
  readonly task_type: string;
  /** The activity that runs it. */
  readonly handler: string;
  /** Retries after the first attempt, after 1, 2, 4, 8 s …. Default 3. */
  readonly max_retries?: number | undefined;
  /** Bound of one attempt, in seconds. Default 300. */
  readonly timeout?: number | undefined;
  /** Weight in the progress object, in seconds. Default: all steps weigh the same. */
  readonly estimated_duration?: number | undefined;
  /** Names of the steps whose outputs it gets; it starts when they are done. Default: none. */
  readonly dependencies?: readonly string[] | undefined;
  /** Where the handler is served. Default: the workflow's own queue; of an external step `cerebros-python`. */
  readonly queue?: string | undefined;
  /** Served by the protocol of `contracts/step-protocol.ts`, in any language. Default: with `serveSteps` of `cerebros/worker`. */
  readonly external?: boolean | undefined;
  /** Given to the step instead of the run's inputs. */
  readonly inputs?: Json | undefined;
  /** The activity that takes the step back, on the same queue; it must accept that nothing happened. Default: none. */
  readonly undo?: string | undefined;
}

/** A definition as it may be written: steps in any order, dependencies also as the index of an earlier step. */
export interface GivenJobDefinition {
  readonly name: string;
  readonly steps: readonly (Omit<JobStep, 'dependencies'> & { readonly dependencies?: readonly (string | number)[] | undefined })[];
}

/** Input of the kind `job`. */
export interface JobInput {
  readonly definition: JobDefinition;
  /** What every step is given that has none of its own. Default `{}`. */
  readonly inputs: Json;
}

/** What a handler is called with. */
export interface HandlerInput {
  readonly inputs: Json;
  /** Outputs of the steps it depends on, by name. */
  readonly needs: { readonly [name: string]: Json };
}

/** What the undo of a step is called with. */
export interface UndoHandlerInput extends HandlerInput {
  readonly undo: Outcome<Json> & { readonly step: string };
}

export const JOB = 'job';

/** The plan of a job: its steps, each of its `task_type`. */
export function jobPlan({ definition }: Pick<JobInput, 'definition'>): Plan {
  return { kind: JOB, steps: definition.steps.map(planStep) };
}

function planStep(step: JobStep): PlanStep {
  const { name, task_type, dependencies, inputs, max_retries, timeout, external } = step;
  const given = {
    task_type,
    queue: step.queue ?? (external ? QUEUES.python : undefined),
    needs: dependencies,
    inputs,
    max_retries,
    timeout_ms: timeout === undefined ? undefined : Math.round(1000 * timeout),
    estimated_duration_s: step.estimated_duration,
    external,
    undo: step.undo === undefined ? undefined : { task_type: step.undo },
  };
  return { name, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) };
}
