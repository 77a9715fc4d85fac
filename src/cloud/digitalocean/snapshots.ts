import { z } from 'zod';
import type { DigitalOceanApi } from './api.ts';
import { deleteAt, orAbsent } from './delete-at.ts';
import { listAll } from './pages.ts';

export interface Snapshot {
  readonly id: string;
  readonly name: string;
  readonly resource_id: string;
  readonly resource_type: 'droplet' | 'volume';
  readonly size_gigabytes: number;
  readonly tags: readonly string[];
}

export interface NewVolumeSnapshot {
  readonly volume_id: string;
  readonly name: string;
  readonly tags: readonly string[];
}

/** Ids of snapshots of droplets come as numbers in places. */
const snapshotSchema = z
  .object({
    id: z.union([z.string().min(1), z.int()]).transform(String),
    name: z.string(),
    resource_id: z.union([z.string(), z.int()]).transform(String),
    resource_type: z.enum(['droplet', 'volume']),
    size_gigabytes: z.number(),
    tags: z.array(z.string()).nullish(),
  })
  .transform(({ tags, ...snapshot }): Snapshot => ({ ...snapshot, tags: tags ?? [] }));
const snapshotAnswer = z.object({ snapshot: snapshotSchema }).transform(({ snapshot }) => snapshot);

/** Of a volume; one of a droplet is an action of the droplet. */
export async function createVolumeSnapshot(api: DigitalOceanApi, asked: NewVolumeSnapshot, signal?: AbortSignal): Promise<Snapshot> {
  const { volume_id, ...body } = asked;
  const path = `/v2/volumes/${encodeURIComponent(volume_id)}/snapshots`;
  return await api.call({ method: 'POST', path, body, schema: snapshotAnswer, signal });
}

/** Of droplets and of volumes. */
export async function listSnapshots(api: DigitalOceanApi, signal?: AbortSignal): Promise<Snapshot[]> {
  return await listAll(api, { path: '/v2/snapshots', field: 'snapshots', item: snapshotSchema, idOf: ({ id }) => id, signal });
}

export async function getSnapshot(api: DigitalOceanApi, id: string, signal?: AbortSignal): Promise<Snapshot | undefined> {
  return await orAbsent(api.call({ method: 'GET', path: `/v2/snapshots/${encodeURIComponent(id)}`, schema: snapshotAnswer, signal }));
}

export async function deleteSnapshot(api: DigitalOceanApi, id: string, signal?: AbortSignal): Promise<boolean> {
  return await deleteAt(api, `/v2/snapshots/${encodeURIComponent(id)}`, signal);
}
