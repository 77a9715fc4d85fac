import type { Json } from './ledger.ts';
import type { Plan, PlanStep } from './plan.ts';
import { QUEUES } from './queues.ts';
import type { Outcome } from './step-call.ts';

/** What a run of the kind is for; each is a list of steps, and none has code of its own. */
export const PROVISION_KINDS = ['provisioning', 'suspension', 'offboarding', 'update', 'rollback'] as const;
export type ProvisionKind = (typeof PROVISION_KINDS)[number];

/** The modules that steps are made of, and whether they can be taken back. */
export const MODULES = {
  create_vpc: { undo: true },
  create_droplet: { undo: true },
  create_volume: { undo: true },
  create_firewall: { undo: true },
  create_reserved_ip: { undo: true },
  attach_volume: { undo: true },
  detach_volume: { undo: false },
  delete_vpc: { undo: false },
  delete_droplet: { undo: false },
  delete_volume: { undo: false },
  delete_snapshot: { undo: false },
  delete_firewall: { undo: false },
  delete_reserved_ip: { undo: false },
  snapshot_volume: { undo: true },
  power_off_droplet: { undo: true },
} as const satisfies { readonly [name: string]: { readonly undo: boolean } };
export type ModuleName = keyof typeof MODULES;

export const MODULE_NAMES = Object.keys(MODULES) as readonly ModuleName[];

/** A step as data. */
export interface ProvisionStep {
  readonly name: string;
  readonly module: ModuleName;
  /** The resource it is about. */
  readonly urn: string;
  /** What `getInput` gives, before the run's inputs. `{"ref": "vpc:main"}` in it stands for the id of what another step made. */
  readonly params: { readonly [name: string]: Json };
  /** Names of earlier steps; their outputs are what `getOutput` and refs see. */
  readonly needs: readonly string[];
}

/** Input of the kind `provision`, as the workflow gets it. */
export interface ProvisionInput {
  readonly kind: ProvisionKind;
  readonly stack: string;
  readonly steps: readonly ProvisionStep[];
  readonly inputs: { readonly [name: string]: Json };
}

/** All that leaves a step, under `type:name` of its resource. */
export interface ResourceRef {
  readonly urn: string;
  readonly provider_id: string;
}

/** What a module is called with. */
export interface ProvisionCall {
  readonly module: ModuleName;
  readonly urn: string;
  readonly inputs: { readonly [name: string]: Json };
  /** What the steps that it needs have put. */
  readonly context: { readonly [name: string]: Json };
}

/** The worker's side of the kind, on the queue `cerebros-cloud`. */
export interface ProvisionActivities {
  /** Answers what the step has put. */
  executeStep(call: ProvisionCall): Promise<{ [name: string]: Json }>;
  compensateStep(call: ProvisionCall & { readonly outcome: Outcome<Json> }): Promise<null>;
}

export const PROVISION = 'provision';

/** Of one attempt: two looks and a wait until a droplet is there, at most. */
const STEP_MS = 30 * 60_000;
const RETRIES = 8;

/** The plan of a run: its steps as they are listed, all on the queue of the cloud. */
export function provisionPlan({ steps }: Pick<ProvisionInput, 'steps'>): Plan {
  return { kind: PROVISION, steps: steps.map(planStep) };
}

function planStep({ name, module, needs }: ProvisionStep): PlanStep {
  return {
    name,
    task_type: module,
    queue: QUEUES.cloud,
    needs,
    max_retries: RETRIES,
    timeout_ms: STEP_MS,
    ...(MODULES[module].undo ? { undo: { timeout_ms: STEP_MS } } : {}),
  };
}
