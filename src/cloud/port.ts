import type { Json } from '../contracts/ledger.ts';
import type { Turn } from './rate-limit.ts';

/** By what a resource that may exist is found again. */
export interface Identity {
  readonly type: string;
  /** Compared without regard to case. */
  readonly name: string;
  /** A tag that nothing but this resource carries; null where the type has no tags. */
  readonly tag: string | null;
  /** As it was, or is to be, created. */
  readonly spec: Json;
}

/** A resource as the provider shows it. */
export interface CloudObject {
  readonly provider_id: string;
  /** `failed`: it will never be ready. */
  readonly status: 'pending' | 'active' | 'failed';
  /** What drift is measured on, and what the next steps need; no secrets. */
  readonly observed: { readonly [key: string]: Json };
}

/**
 * A cloud, as the protocols of this folder use it. Nothing here repeats a call; every method throws `CloudError`, and is bounded in
 * time. One that does not know the type throws `UNKNOWN_TYPE`, a spec that does not fit it `INVALID_SPEC`.
 */
export interface CloudPort {
  /** `digitalocean`; the first half of what makes an id unique. */
  readonly provider: string;
  /** Everything, over all pages, that has the name or the tag. */
  lookUp(identity: Identity, signal?: AbortSignal): Promise<readonly CloudObject[]>;
  /** Everything of the type in the account, over all pages; what is foreign too. */
  list(type: string, signal?: AbortSignal): Promise<readonly CloudObject[]>;
  /** Refuses what cannot be made, and waits for the turn of the call that makes it. */
  prepare(identity: Identity, signal?: AbortSignal): Promise<Turn>;
  /** Asks once, at once in a turn that was prepared. When the error's outcome is `unknown`, it may have been made. */
  create(identity: Identity, signal?: AbortSignal, turn?: Turn): Promise<CloudObject>;
  /** Undefined when there is none (yet, or any more). `observed` as it was when last seen. */
  get(known: KnownObject, signal?: AbortSignal): Promise<CloudObject | undefined>;
  /** Asks to delete; that there is none is fine. `not yet`: it goes later, or cannot be found so far but is still being made. */
  remove(known: KnownObject, signal?: AbortSignal): Promise<'gone' | 'not yet'>;
}

export interface KnownObject {
  readonly type: string;
  readonly provider_id: string;
  readonly observed: Json;
}
