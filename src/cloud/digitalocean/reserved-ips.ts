import { z } from 'zod';
import { actionAnswer } from './actions.ts';
import type { Action } from './actions.ts';
import type { DigitalOceanApi } from './api.ts';
import { deleteAt, orAbsent } from './delete-at.ts';
import { listAll } from './pages.ts';

/** It has neither a name nor a tag: the droplet it was made for is what it is found by. */
export interface ReservedIp {
  readonly ip: string;
  readonly region: string;
  /** Null while it is assigned to none. */
  readonly droplet_id: number | null;
  readonly locked: boolean;
}

const ipSchema = z
  .object({
    ip: z.string().min(1),
    region: z.object({ slug: z.string() }),
    droplet: z.object({ id: z.int().optional() }).nullish(),
    locked: z.boolean().optional(),
  })
  .transform(({ ip, region, droplet, locked }): ReservedIp => {
    return { ip, region: region.slug, droplet_id: droplet?.id ?? null, locked: locked ?? false };
  });
const ipAnswer = z.object({ reserved_ip: ipSchema }).transform(({ reserved_ip }) => reserved_ip);

/** Assigns it to the droplet once it is there. */
export async function createReservedIp(api: DigitalOceanApi, droplet_id: number, signal?: AbortSignal): Promise<ReservedIp> {
  return await api.call({ method: 'POST', path: '/v2/reserved_ips', body: { droplet_id }, schema: ipAnswer, signal });
}

export async function listReservedIps(api: DigitalOceanApi, signal?: AbortSignal): Promise<ReservedIp[]> {
  return await listAll(api, { path: '/v2/reserved_ips', field: 'reserved_ips', item: ipSchema, idOf: ({ ip }) => ip, signal });
}

export async function getReservedIp(api: DigitalOceanApi, ip: string, signal?: AbortSignal): Promise<ReservedIp | undefined> {
  return await orAbsent(api.call({ method: 'GET', path: `/v2/reserved_ips/${encodeURIComponent(ip)}`, schema: ipAnswer, signal }));
}

/** Assigns it to a droplet, or to none. */
export async function assignReservedIp(
  api: DigitalOceanApi,
  { ip, droplet_id, signal }: { readonly ip: string; readonly droplet_id: number | null; readonly signal?: AbortSignal | undefined },
): Promise<Action> {
  const body = droplet_id === null ? { type: 'unassign' } : { type: 'assign', droplet_id };
  const path = `/v2/reserved_ips/${encodeURIComponent(ip)}/actions`;
  return await api.call({ method: 'POST', path, body, schema: actionAnswer, signal });
}

export async function deleteReservedIp(api: DigitalOceanApi, ip: string, signal?: AbortSignal): Promise<boolean> {
  return await deleteAt(api, `/v2/reserved_ips/${encodeURIComponent(ip)}`, signal);
}
