import type { z } from 'zod';
import type { Json } from '../../contracts/ledger.ts';
import type { CloudObject, Identity, KnownObject } from '../port.ts';
import type { Turn } from '../rate-limit.ts';
import { getAction } from './actions.ts';
import type { Action } from './actions.ts';
import type { DigitalOceanApi } from './api.ts';

/** How one type of resource is made, found and removed; `S` its spec, `T` what the API shows of it. */
export interface Kind<S, T> {
  readonly spec: z.ZodType<S>;
  list(api: DigitalOceanApi, signal?: AbortSignal): Promise<readonly T[]>;
  /** Throws when it cannot be made as the account is. */
  check?(api: DigitalOceanApi, spec: S, signal?: AbortSignal): Promise<void>;
  /** One call. */
  create(
    api: DigitalOceanApi,
    wanted: { readonly name: string; readonly tags: readonly string[]; readonly spec: S },
    signal?: AbortSignal,
  ): Promise<Made<T>>;
  get(api: DigitalOceanApi, id: string, signal?: AbortSignal): Promise<T | undefined>;
  /** Whether there was one; `going`: there is, until what was asked has ended. */
  remove(api: DigitalOceanApi, id: string, signal?: AbortSignal): Promise<boolean | 'going'>;
  id(item: T): string;
  status(item: T): CloudObject['status'];
  /** Whether it is the one that is looked for. */
  is(item: T, sought: { readonly name: string; readonly tag: string | null; readonly spec: S }): boolean;
}

export interface Made<T> {
  readonly item: T;
  /** The action that tells how its making goes. */
  readonly action_id?: number | null;
}

/** A kind whose types nobody outside needs to know. */
export interface OpenKind {
  lookUp(api: DigitalOceanApi, identity: Identity, signal?: AbortSignal): Promise<readonly CloudObject[]>;
  list(api: DigitalOceanApi, signal?: AbortSignal): Promise<readonly CloudObject[]>;
  prepare(api: DigitalOceanApi, identity: Identity, signal?: AbortSignal): Promise<Turn>;
  create(api: DigitalOceanApi, identity: Identity, signal?: AbortSignal): Promise<CloudObject>;
  get(api: DigitalOceanApi, known: KnownObject, signal?: AbortSignal): Promise<CloudObject | undefined>;
  remove(api: DigitalOceanApi, known: KnownObject, signal?: AbortSignal): Promise<'gone' | 'not yet'>;
}

/** A kind as the port calls it. `parse` reads a spec or throws. */
export function openKind<S, T>(kind: Kind<S, T>, parse: (schema: z.ZodType<S>, identity: Identity) => S): OpenKind {
  const shown = (item: T, action_id?: number | null): CloudObject => {
    const observed = { ...(item as { readonly [key: string]: Json }), ...(typeof action_id === 'number' && { action_id }) };
    return { provider_id: kind.id(item), status: kind.status(item), observed };
  };
  return {
    lookUp: async (api, identity, signal) => {
      const sought = { name: identity.name, tag: identity.tag, spec: parse(kind.spec, identity) };
      const items = await kind.list(api, signal);
      return items.filter((item) => kind.is(item, sought)).map((item) => shown(item));
    },
    list: async (api, signal) => (await kind.list(api, signal)).map((item) => shown(item)),
    prepare: async (api, identity, signal) => {
      const spec = parse(kind.spec, identity);
      await kind.check?.(api, spec, signal);
      return await api.turn({ method: 'POST', path: identity.type }, signal);
    },
    create: async (api, identity, signal) => {
      const tags = identity.tag === null ? [] : [identity.tag];
      const { item, action_id } = await kind.create(api, { name: identity.name, tags, spec: parse(kind.spec, identity) }, signal);
      return shown(item, action_id);
    },
    get: async (api, { provider_id, observed }, signal) => {
      const item = await kind.get(api, provider_id, signal);
      if (item) return shown(item);
      const failed = (await makingOf(api, observed, signal)) === 'errored';
      return failed ? { provider_id, status: 'failed', observed: observed as CloudObject['observed'] } : undefined;
    },
    remove: async (api, { provider_id, observed }, signal) => {
      const removed = await kind.remove(api, provider_id, signal);
      if (removed !== false) return removed === true ? 'gone' : 'not yet';
      return (await makingOf(api, observed, signal)) === 'in-progress' ? 'not yet' : 'gone';
    },
  };
}

/** Of what was accepted and never seen since; only its action tells whether it comes. Undefined when there is none to ask. */
async function makingOf(api: DigitalOceanApi, observed: Json, signal?: AbortSignal): Promise<Action['status'] | undefined> {
  const action_id = (observed as { readonly action_id?: Json } | null)?.action_id;
  if (typeof action_id !== 'number') return undefined;
  return (await getAction(api, action_id, signal))?.status;
}
