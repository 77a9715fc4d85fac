import type { Json } from './ledger.ts';

/** `intended`: nothing was sent · `creating`: a POST may have been · `suspect`: a person must look · `deleted`: gone, or never made. */
export const RESOURCE_STATES = ['intended', 'creating', 'active', 'suspect', 'deleting', 'deleted'] as const;
export type ResourceState = (typeof RESOURCE_STATES)[number];

/** States in which something is still to be done; a row that stays in one is the reconciler's. */
export const UNRESOLVED_STATES: readonly ResourceState[] = ['intended', 'creating', 'suspect', 'deleting'];

/** A resource as it is meant to be, noted before anything is sent. */
export interface ResourceIntent {
  readonly urn: string;
  readonly provider: string;
  readonly type: string;
  /** Its name at the provider. */
  readonly name: string;
  /** A tag that nothing else carries; null where there are none. */
  readonly tag: string | null;
  readonly desired_spec: Json;
  readonly saga_id: string | null;
  /** Differs when anything of the intent, its idempotency key included, differs. */
  readonly intent_hash: string;
}

/** A row of `cloud_provisioned` with its row of `cloud_resources`. Times are ISO 8601 in UTC. */
export interface ProvisionedResource extends ResourceIntent {
  /** Null until the provider told it. */
  readonly provider_id: string | null;
  /** As last seen; null when it never was. */
  readonly observed: Json;
  readonly observed_at: string | null;
  /** From 1; grows when a deleted resource is wanted again. */
  readonly spec_version: number;
  readonly state: ResourceState;
  /** The run that deletes it, or has; null when none does. */
  readonly deleted_by: string | null;
  /** How often its POST was claimed; who sends one holds the number it claimed. */
  readonly posts: number;
  /** Why it is suspect. */
  readonly problem: string | null;
  readonly created_at: string;
  readonly updated_at: string;
}

/** What was seen of a resource that exists. */
export interface Sighting {
  readonly provider_id: string;
  readonly observed: Json;
}

/** The ledger as creating and deleting resources need it. Every write is one statement. */
export interface ResourceLedger {
  /** Enters the intent unless the urn has one; a deleted one of another hash is replaced. Answers with the row as it then is. */
  noteIntent(intent: ResourceIntent): Promise<ProvisionedResource>;
  find(urn: string): Promise<ProvisionedResource | undefined>;
  /** Makes it `creating` and counts a POST, unless it was withdrawn, has an id, or others have claimed since `posts` was read. */
  claimPost(claim: PostClaim): Promise<boolean>;
  /** Gives a claimed POST back that is known to have done nothing; it is `intended` again when it was the only one. */
  releasePost(claim: PostClaim): Promise<void>;
  /** Keeps the id, unless the resource was withdrawn or has another. Throws `RESOURCE_TAKEN` when another urn has this id. */
  recordId(found: Sighting & { readonly urn: string; readonly intent_hash: string }): Promise<boolean>;
  /** Answers false when it has another id by now, or was withdrawn. */
  markActive(found: Sighting & { readonly urn: string }): Promise<boolean>;
  /** Only what is being created, or is suspect already. */
  markSuspect(suspicion: { readonly urn: string; readonly intent_hash: string; readonly problem: string }): Promise<void>;
  /** From now on nothing is created for it, on behalf of a run. Undefined when there is no such urn. */
  markDeleting(withdrawal: Withdrawal): Promise<ProvisionedResource | undefined>;
  /** Takes back that a run deletes a resource. */
  keep(kept: KeptResource): Promise<void>;
  /** False when it is not `deleting` any more; else its id is free from then on. */
  markDeleted(urn: string): Promise<boolean>;
  /** Means an active resource otherwise and keeps what it was. Undefined when there is none, or others have changed it since `from_version`. */
  changeSpec(change: SpecChange): Promise<ProvisionedResource | undefined>;
  /** Takes the change of a step back. `unchanged`: there is none; `overtaken`: others have changed it since. */
  revertSpec(change: Pick<SpecChange, 'urn' | 'changed_by'>): Promise<ProvisionedResource | 'unchanged' | 'overtaken'>;
}

/** A resource that is to be deleted, on behalf of a run. */
export interface Withdrawal {
  readonly urn: string;
  readonly deleted_by: string | null;
  /** Only what is meant so, and is not active. Default: whatever there is. */
  readonly intent_hash?: string | undefined;
}

/** A resource that is not to be deleted after all. */
export interface KeptResource {
  readonly urn: string;
  /** The run that deletes it. */
  readonly deleted_by: string;
  /** What it was, so that it is not forgotten even when it is gone. Default: what is gone stays so. */
  readonly was?: (Pick<ProvisionedResource, 'desired_spec' | 'saga_id'> & { readonly provider_id: string }) | undefined;
}

/** A resource that is to be meant otherwise. */
export interface SpecChange {
  readonly urn: string;
  readonly spec: Json;
  /** The step that does it, `SAGA/STEP`: a second call changes nothing. */
  readonly changed_by: string;
  /** The `spec_version` it is changed from. Default: any. */
  readonly from_version?: number | undefined;
}

/** The right to send one POST. */
export interface PostClaim {
  readonly urn: string;
  readonly intent_hash: string;
  /** The count it is claimed at. */
  readonly posts: number;
}

/** How the budget of calls of a token is drawn: a bucket of `burst` calls that fills with `calls_per_s`. */
export interface CallRate {
  readonly burst: number;
  readonly calls_per_s: number;
}

/** The budget of calls that all workers with the same token share. */
export interface CallBudget {
  /** Takes one call, at `at` (ISO 8601; default: the database's clock). When refused, ask again after `wait_ms`. */
  take(draw: CallRate & { readonly token_sha256: string; readonly at?: string }): Promise<{ granted: boolean; wait_ms: number }>;
  /** Lowers the budget to what the provider says is left, or blocks it for so long. */
  correct(said: { readonly token_sha256: string; readonly left: number; readonly blocked_ms: number; readonly at?: string }): Promise<void>;
}

const PART = /^[A-Za-z0-9._-]{1,80}$/;

/** `urn:cerebros:STACK:TYPE:NAME`. Throws when a part is not 1–80 letters, digits, ".", "_" or "-", or the whole is over 200. */
export function resourceUrn(parts: { readonly stack: string; readonly type: string; readonly name: string }): string {
  const { stack, type, name } = parts;
  const urn = `${stackPrefix(stack)}${type}:${name}`;
  const wrong = [stack, type, name].find((part) => !PART.test(part));
  if (wrong !== undefined || urn.length > 200) {
    throw new RangeError(
      `resourceUrn: expected parts of 1 to 80 letters, digits, ".", "_" or "-", 200 together; got ${JSON.stringify(wrong ?? urn)}`,
    );
  }
  return urn;
}

/** What the urns of a stack begin with. */
export function stackPrefix(stack: string): string {
  return `urn:cerebros:${stack}:`;
}
