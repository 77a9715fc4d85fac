import { z } from 'zod';
import type { DigitalOceanApi } from './api.ts';
import { deleteAt, orAbsent } from './delete-at.ts';
import { listAll } from './pages.ts';

export interface Volume {
  readonly id: string;
  readonly name: string;
  readonly region: string;
  readonly size_gigabytes: number;
  readonly tags: readonly string[];
  /** Where it is attached: one at most. */
  readonly droplet_ids: readonly number[];
}

export interface NewVolume {
  readonly name: string;
  readonly region: string;
  readonly size_gigabytes: number;
  readonly tags: readonly string[];
  readonly snapshot_id?: string | undefined;
  readonly filesystem_type?: string | undefined;
}

const volumeSchema = z
  .object({
    id: z.string().min(1),
    name: z.string(),
    region: z.object({ slug: z.string() }),
    size_gigabytes: z.number(),
    tags: z.array(z.string()).nullish(),
    droplet_ids: z.array(z.int()).nullish(),
  })
  .transform(({ region, tags, droplet_ids, ...volume }): Volume => {
    return { ...volume, region: region.slug, tags: tags ?? [], droplet_ids: droplet_ids ?? [] };
  });
const volumeAnswer = z.object({ volume: volumeSchema }).transform(({ volume }) => volume);

/** A name is given once in a region; a second one is refused. */
export async function createVolume(api: DigitalOceanApi, body: NewVolume, signal?: AbortSignal): Promise<Volume> {
  return await api.call({ method: 'POST', path: '/v2/volumes', body, schema: volumeAnswer, signal });
}

export async function listVolumes(api: DigitalOceanApi, signal?: AbortSignal): Promise<Volume[]> {
  return await listAll(api, { path: '/v2/volumes', field: 'volumes', item: volumeSchema, idOf: ({ id }) => id, signal });
}

export async function getVolume(api: DigitalOceanApi, id: string, signal?: AbortSignal): Promise<Volume | undefined> {
  return await orAbsent(api.call({ method: 'GET', path: `/v2/volumes/${encodeURIComponent(id)}`, schema: volumeAnswer, signal }));
}

/** Refused while it is attached. */
export async function deleteVolume(api: DigitalOceanApi, id: string, signal?: AbortSignal): Promise<boolean> {
  return await deleteAt(api, `/v2/volumes/${encodeURIComponent(id)}`, signal);
}
