import { CloudError } from '../cloud/cloud-error.ts';
import type { Json } from '../contracts/ledger.ts';
import { asRef } from '../contracts/provision-expand.ts';
import type { ProvisionCall, ResourceRef } from '../contracts/provision.ts';
import type { StepContext } from './serve-steps.ts';

/** What a module works with. */
export interface ProvisioningState {
  /** The resource that the step is about. */
  readonly urn: string;
  readonly saga_id: string;
  /** The same for every attempt. */
  readonly idempotency_key: string;
  /** `SAGA/STEP`: whose change of a spec it is, the same for the step and its undo. */
  readonly change: string;
  readonly signal: AbortSignal;
  /** Of the step's params, else the run's inputs; refs in it are the ids that they stand for. Throws `UNKNOWN_REF`. */
  getInput(name: string): Json | undefined;
  /** What a step that this one needs has put; in `compensate` also what the step itself has. */
  getOutput(name: string): Json | undefined;
  /** Puts a value into the run's context: ids and urns, nothing else of a resource. */
  putOutput(name: string, value: Json): void;
}

/** The state of a call, and what is put into it. */
export function openState(
  { urn, inputs, context }: ProvisionCall,
  { saga_id, step_name, idempotency_key, signal }: StepContext,
): { readonly state: ProvisioningState; readonly put: { [name: string]: Json } } {
  const put: { [name: string]: Json } = {};
  const state: ProvisioningState = {
    urn,
    saga_id,
    idempotency_key,
    change: `${saga_id}/${step_name}`,
    signal,
    getInput: (name) => (Object.hasOwn(inputs, name) ? resolved(inputs[name] ?? null, context) : undefined),
    getOutput: (name) => (Object.hasOwn(put, name) ? put[name] : context[name]),
    putOutput: (name, value) => void (put[name] = value),
  };
  return { state, put };
}

function resolved(value: Json, context: ProvisionCall['context']): Json {
  const ref = asRef(value);
  if (ref !== undefined) return idOf(ref, context);
  if (Array.isArray(value)) return value.map((one: Json) => resolved(one, context));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, resolved(one, context)]));
}

/** The ids of droplets are numbers to the provider, all others texts. */
function idOf(ref: string, context: ProvisionCall['context']): Json {
  const provider_id = (context[ref] as Partial<ResourceRef> | undefined)?.provider_id;
  if (typeof provider_id === 'string') return ref.startsWith('droplet:') ? Number(provider_id) : provider_id;
  const known = Object.keys(context).join(', ') || 'there are none';
  throw new CloudError('UNKNOWN_REF', `expected a ref to what a step that this one needs has made (${known}), got "${ref}"`, {
    outcome: 'refused',
    retryable: false,
  });
}
