import type { Json } from './ledger.ts';
import type { Plan, PlanStep } from './plan.ts';
import { QUEUES } from './queues.ts';
import type { Outcome } from './step-call.ts';

/** What a run of the kind is for; each is a list of steps, and none has code of its own. */
export const PROVISION_KINDS = ['provisioning', 'suspension', 'offboarding', 'update', 'rollback'] as const;
export type ProvisionKind = (typeof PROVISION_KINDS)[number];

/** The modules that steps are made of: the type of resource each is about, and whether it can be taken back. */
export const MODULES = {
  create_vpc: { type: 'vpc', undo: true },
  create_droplet: { type: 'droplet', undo: true },
  create_volume: { type: 'volume', undo: true },
  create_firewall: { type: 'firewall', undo: true },
  create_reserved_ip: { type: 'reserved_ip', undo: true },
  attach_volume: { type: 'attachment', undo: true },
  update_vpc: { type: 'vpc', undo: true },
  update_droplet: { type: 'droplet', undo: true },
  update_volume: { type: 'volume', undo: true },
  update_firewall: { type: 'firewall', undo: true },
  update_reserved_ip: { type: 'reserved_ip', undo: true },
  power_off_droplet: { type: 'droplet', undo: true },
  power_on_droplet: { type: 'droplet', undo: true },
  resize_droplet: { type: 'droplet', undo: true },
  rename_droplet: { type: 'droplet', undo: true },
  resize_volume: { type: 'volume', undo: true },
  snapshot_volume: { type: 'snapshot', undo: true },
  snapshot_droplet: { type: 'snapshot', undo: true },
  detach_volume: { type: 'attachment', undo: true },
  delete_vpc: { type: 'vpc', undo: true },
  delete_droplet: { type: 'droplet', undo: true },
  delete_volume: { type: 'volume', undo: true },
  delete_snapshot: { type: 'snapshot', undo: true },
  delete_firewall: { type: 'firewall', undo: true },
  delete_reserved_ip: { type: 'reserved_ip', undo: true },
  request_approval: { type: 'stack', undo: false },
} as const satisfies { readonly [name: string]: { readonly type: string; readonly undo: boolean } };
export type ModuleName = keyof typeof MODULES;

/** The fields of a resource that can be changed while it is there, by type; all others are for its whole life. */
export const CHANGEABLE = {
  vpc: ['name'],
  droplet: ['size', 'name', 'tags', 'power'],
  volume: ['size_gigabytes', 'tags'],
  attachment: [],
  snapshot: [],
  firewall: ['name', 'droplet_ids', 'tags', 'inbound_rules', 'outbound_rules'],
  reserved_ip: ['droplet_id'],
} as const satisfies { readonly [type: string]: readonly string[] };

/** Those that call the provider. */
export type CloudModuleName = Exclude<ModuleName, 'request_approval'>;

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
  readonly module: CloudModuleName;
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

/** How a resource was when a step was planned that deletes it: the step refuses another one, and its undo means it again as then. */
export interface ResourceBefore {
  readonly provider_id: string;
  readonly spec_version: number;
  readonly desired_spec: Json;
  /** The run that made it. */
  readonly saga_id: string | null;
  /** Whether it was deleted outside: then it is only forgotten. */
  readonly gone: boolean;
}

/** What an approval step asks; `ExternalApproval` has the ranges. */
export interface ApprovalParams {
  readonly approval_type: string;
  /** What is to be decided on. */
  readonly data: Json;
  readonly timeout_ms: number;
  readonly approvers?: readonly string[];
}

/** The activity of the module `request_approval`, on the workflow's own queue. */
export const APPROVAL_ACTIVITY = 'requestApproval';

export const PROVISION = 'provision';

/** Of one attempt: two looks and a wait until a droplet is there, at most. */
const STEP_MS = 30 * 60_000;
const RETRIES = 8;

/** The plan of a run: its steps as they are listed, all on the queue of the cloud. */
export function provisionPlan({ steps }: Pick<ProvisionInput, 'steps'>): Plan {
  return { kind: PROVISION, steps: steps.map(planStep) };
}

/** People decide, not the provider: that step is served beside the workflow, by the protocol of external steps. */
function planStep({ name, module, needs, params }: ProvisionStep): PlanStep {
  if (module === 'request_approval') return { name, task_type: APPROVAL_ACTIVITY, external: true, needs, inputs: params };
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
