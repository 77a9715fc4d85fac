import { z } from 'zod';
import type { DigitalOceanApi } from './api.ts';
import { deleteAt, orAbsent } from './delete-at.ts';
import { listAll } from './pages.ts';

export interface Vpc {
  readonly id: string;
  readonly name: string;
  readonly region: string;
  readonly ip_range: string;
  /** The default of its region, which cannot be deleted. */
  readonly default: boolean;
}

export interface NewVpc {
  readonly name: string;
  readonly region: string;
  /** CIDR. Default: chosen by DigitalOcean. */
  readonly ip_range?: string | undefined;
}

const vpcSchema = z.object({ id: z.string().min(1), name: z.string(), region: z.string(), ip_range: z.string(), default: z.boolean() });
const vpcAnswer = z.object({ vpc: vpcSchema }).transform(({ vpc }) => vpc);

export async function createVpc(api: DigitalOceanApi, body: NewVpc, signal?: AbortSignal): Promise<Vpc> {
  return await api.call({ method: 'POST', path: '/v2/vpcs', body, schema: vpcAnswer, signal });
}

export async function listVpcs(api: DigitalOceanApi, signal?: AbortSignal): Promise<Vpc[]> {
  return await listAll(api, { path: '/v2/vpcs', field: 'vpcs', item: vpcSchema, idOf: ({ id }) => id, signal });
}

export async function getVpc(api: DigitalOceanApi, id: string, signal?: AbortSignal): Promise<Vpc | undefined> {
  return await orAbsent(api.call({ method: 'GET', path: `/v2/vpcs/${encodeURIComponent(id)}`, schema: vpcAnswer, signal }));
}

export async function renameVpc(
  api: DigitalOceanApi,
  { id, name, signal }: { readonly id: string; readonly name: string; readonly signal?: AbortSignal | undefined },
): Promise<Vpc> {
  return await api.call({ method: 'PATCH', path: `/v2/vpcs/${encodeURIComponent(id)}`, body: { name }, schema: vpcAnswer, signal });
}

/** Refused with 403 (`FORBIDDEN`) while it has members, and for ever when it is a default. */
export async function deleteVpc(api: DigitalOceanApi, id: string, signal?: AbortSignal): Promise<boolean> {
  return await deleteAt(api, `/v2/vpcs/${encodeURIComponent(id)}`, signal);
}
