import { z } from 'zod';
import type { Json } from '../../contracts/ledger.ts';
import type { DigitalOceanApi } from './api.ts';
import { deleteAt, orAbsent } from './delete-at.ts';
import { listAll } from './pages.ts';

export interface Firewall {
  readonly id: string;
  readonly name: string;
  readonly status: 'waiting' | 'succeeded' | 'failed';
  readonly droplet_ids: readonly number[];
  /** Droplets with one of these tags are behind it; the firewall itself has none. */
  readonly tags: readonly string[];
  readonly inbound_rules: readonly Json[];
  readonly outbound_rules: readonly Json[];
}

export interface NewFirewall {
  readonly name: string;
  readonly droplet_ids?: readonly number[] | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly inbound_rules?: readonly Json[] | undefined;
  readonly outbound_rules?: readonly Json[] | undefined;
}

const rules = z.array(z.json()).nullish();
const firewallSchema = z
  .object({
    id: z.string().min(1),
    name: z.string(),
    status: z.enum(['waiting', 'succeeded', 'failed']),
    droplet_ids: z.array(z.int()).nullish(),
    tags: z.array(z.string()).nullish(),
    inbound_rules: rules,
    outbound_rules: rules,
  })
  .transform(({ id, name, status, ...lists }): Firewall => {
    const { droplet_ids, tags, inbound_rules, outbound_rules } = lists;
    const behind = { droplet_ids: droplet_ids ?? [], tags: tags ?? [] };
    return { id, name, status, ...behind, inbound_rules: inbound_rules ?? [], outbound_rules: outbound_rules ?? [] };
  });
const firewallAnswer = z.object({ firewall: firewallSchema }).transform(({ firewall }) => firewall);

export async function createFirewall(api: DigitalOceanApi, body: NewFirewall, signal?: AbortSignal): Promise<Firewall> {
  return await api.call({ method: 'POST', path: '/v2/firewalls', body, schema: firewallAnswer, signal });
}

export async function listFirewalls(api: DigitalOceanApi, signal?: AbortSignal): Promise<Firewall[]> {
  return await listAll(api, { path: '/v2/firewalls', field: 'firewalls', item: firewallSchema, idOf: ({ id }) => id, signal });
}

export async function getFirewall(api: DigitalOceanApi, id: string, signal?: AbortSignal): Promise<Firewall | undefined> {
  return await orAbsent(api.call({ method: 'GET', path: `/v2/firewalls/${encodeURIComponent(id)}`, schema: firewallAnswer, signal }));
}

/** Puts all of it in the place of what it was; what is left out is emptied. */
export async function replaceFirewall(
  api: DigitalOceanApi,
  { id, body, signal }: { readonly id: string; readonly body: NewFirewall; readonly signal?: AbortSignal | undefined },
): Promise<Firewall> {
  return await api.call({ method: 'PUT', path: `/v2/firewalls/${encodeURIComponent(id)}`, body, schema: firewallAnswer, signal });
}

export async function deleteFirewall(api: DigitalOceanApi, id: string, signal?: AbortSignal): Promise<boolean> {
  return await deleteAt(api, `/v2/firewalls/${encodeURIComponent(id)}`, signal);
}
