import { z } from 'zod';
import type { DigitalOceanApi } from './api.ts';
import { deleteAt, orAbsent } from './delete-at.ts';
import { listAll } from './pages.ts';

export interface Droplet {
  readonly id: number;
  readonly name: string;
  readonly status: 'new' | 'active' | 'off' | 'archive';
  readonly locked: boolean;
  readonly region: string;
  readonly size: string;
  readonly tags: readonly string[];
  readonly volume_ids: readonly string[];
  readonly vpc_uuid: string | null;
  /** Addresses of version 4. */
  readonly addresses: readonly { readonly ip_address: string; readonly type: string }[];
}

export interface NewDroplet {
  readonly name: string;
  readonly region: string;
  readonly size: string;
  readonly image: string | number;
  readonly ssh_keys?: readonly (string | number)[] | undefined;
  readonly tags: readonly string[];
  readonly vpc_uuid?: string | undefined;
  /** At most 64 KiB; the droplet can read it, so no secrets. */
  readonly user_data?: string | undefined;
  readonly monitoring?: boolean | undefined;
  readonly ipv6?: boolean | undefined;
}

const dropletSchema = z
  .object({
    id: z.int().positive(),
    name: z.string(),
    status: z.enum(['new', 'active', 'off', 'archive']),
    locked: z.boolean(),
    region: z.object({ slug: z.string() }),
    size_slug: z.string(),
    tags: z.array(z.string()),
    volume_ids: z.array(z.string()),
    vpc_uuid: z.string().nullish(),
    networks: z.object({ v4: z.array(z.object({ ip_address: z.string(), type: z.string() })).optional() }),
  })
  .transform(({ region, size_slug, vpc_uuid, networks, ...droplet }): Droplet => {
    return { ...droplet, region: region.slug, size: size_slug, vpc_uuid: vpc_uuid ?? null, addresses: networks.v4 ?? [] };
  });
const dropletAnswer = z.object({ droplet: dropletSchema }).transform(({ droplet }) => droplet);
const acceptedAnswer = z
  .object({
    droplet: dropletSchema,
    links: z
      .object({ actions: z.array(z.object({ id: z.int(), rel: z.string() })) })
      .partial()
      .optional(),
  })
  .transform(({ droplet, links }) => ({ droplet, action_id: links?.actions?.find(({ rel }) => rel === 'create')?.id ?? null }));

/** Accepted, which is no success: the action decides, and until then the droplet may not be found. */
export async function createDroplet(
  api: DigitalOceanApi,
  body: NewDroplet,
  signal?: AbortSignal,
): Promise<{ readonly droplet: Droplet; readonly action_id: number | null }> {
  return await api.call({ method: 'POST', path: '/v2/droplets', body, schema: acceptedAnswer, signal });
}

/** All droplets, those with GPUs too, which are in a list of their own. */
export async function listDroplets(api: DigitalOceanApi, signal?: AbortSignal): Promise<Droplet[]> {
  const listing = { path: '/v2/droplets', field: 'droplets', item: dropletSchema, idOf: ({ id }: Droplet) => id, signal };
  const ordinary = await listAll(api, listing);
  const gpus = await listAll(api, { ...listing, query: { type: 'gpus' } });
  return [...new Map([...ordinary, ...gpus].map((droplet) => [droplet.id, droplet])).values()];
}

export async function getDroplet(api: DigitalOceanApi, id: number, signal?: AbortSignal): Promise<Droplet | undefined> {
  return await orAbsent(api.call({ method: 'GET', path: `/v2/droplets/${id}`, schema: dropletAnswer, signal }));
}

export async function deleteDroplet(api: DigitalOceanApi, id: number, signal?: AbortSignal): Promise<boolean> {
  return await deleteAt(api, `/v2/droplets/${id}`, signal);
}
