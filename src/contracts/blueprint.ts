import type { Json } from './ledger.ts';
import type { Plan, PlanStep } from './plan.ts';
import { QUEUES } from './queues.ts';

/** A saga given as data, whose steps external workers run. Ranges: `contracts/blueprint-schema.ts`. */
export interface Blueprint {
  /** Letters, digits, ".", "_" or "-", at most 100. */
  readonly name: string;
  /** The same, such as `1` or `2.1.0`; a registered version never changes. */
  readonly version: string;
  readonly description?: string | undefined;
  /** In an order in which each step needs only earlier ones. */
  readonly steps: readonly BlueprintStep[];
}

export interface BlueprintStep {
  readonly name: string;
  /** The activity that runs it. Default: the name. */
  readonly task_type?: string | undefined;
  /** Default `cerebros-python`. */
  readonly queue?: string | undefined;
  readonly needs?: readonly string[] | undefined;
  /** Given to the step instead of the run's inputs. */
  readonly inputs?: Json | undefined;
  /** Retries after the first attempt. Default 3. */
  readonly max_retries?: number | undefined;
  /** Bound of one attempt. Default 5 minutes. */
  readonly timeout_ms?: number | undefined;
  /** A worker that is silent for this long counts as dead. Default 10 s. */
  readonly heartbeat_ms?: number | undefined;
  /** How long the step waits for a worker to take it. Default 10 minutes. */
  readonly schedule_to_start_ms?: number | undefined;
  readonly estimated_duration_s?: number | undefined;
  /** The activity that takes the step back, on the same queue unless it says otherwise; it must accept that nothing happened. */
  readonly undo?: BlueprintUndo | undefined;
}

export interface BlueprintUndo {
  readonly task_type: string;
  readonly queue?: string | undefined;
  readonly max_retries?: number | undefined;
  readonly timeout_ms?: number | undefined;
}

/** Input of the kind `blueprint`, as the workflow gets it: a name is resolved before, so a run keeps the version it began with. */
export interface BlueprintInput {
  readonly blueprint: Blueprint;
  /** Of the blueprint's canonical JSON. */
  readonly sha256: string;
  readonly inputs: Json;
}

/** A row of the table `blueprints`. */
export interface BlueprintRow {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
  readonly definition: Blueprint;
  readonly registered_at: string;
  readonly registered_by: string | null;
}

export const BLUEPRINT = 'blueprint';

/** The plan of a blueprint: its steps, each on an external worker. */
export function blueprintPlan({ blueprint }: Pick<BlueprintInput, 'blueprint'>): Plan {
  return { kind: BLUEPRINT, steps: blueprint.steps.map(planStep) };
}

function planStep({ undo, ...step }: BlueprintStep): PlanStep {
  const given = Object.entries({ queue: QUEUES.python, ...step, external: true }).filter(([, value]) => value !== undefined);
  const known = Object.fromEntries(given) as unknown as PlanStep;
  return undo ? { ...known, undo: Object.fromEntries(Object.entries(undo).filter(([, value]) => value !== undefined)) } : known;
}
