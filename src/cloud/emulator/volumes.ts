import { z } from 'zod';
import { isLocked, refuseLocked, volumeUrn } from './actions.ts';
import type { Answer, Call } from './call.ts';
import { NO_CONTENT, param, parseBody } from './call.ts';
import { findRegion, regionView } from './catalogue.ts';
import { pageOf } from './pages.ts';
import { conflict, notFound, unprocessable } from './problem.ts';
import { addSnapshot, snapshotView } from './snapshots.ts';
import type { State, VolumeRecord } from './state.ts';
import { newTags, tagNames } from './tag-names.ts';
import { countCreated, countDestroyed, isoTime, nextUuid } from './world.ts';

export function createVolume(call: Call): Answer {
  const { state } = call.world;
  const body = parseBody(call, createBody);
  if (findRegion(body.region) === undefined) throw unprocessable('Storage is not supported for this region');
  const { snapshot_id, tags, ...rest } = body;
  const size = snapshot_id === undefined ? body.size_gigabytes : sizeOfSnapshot(state, snapshot_id);
  if (size === undefined) throw unprocessable('size_gigabytes is required');
  if (byName(state, body).length > 0) throw conflict('failed to create volume: a volume with this name already exists in the region');
  const volume = { ...rest, id: nextUuid(state), size_gigabytes: size, tags: newTags(state, tags), droplet_id: null, created_at: call.now };
  state.volumes.push(volume);
  countCreated(state, 'volume');
  return { status: 201, body: { volume: volumeView(volume) } };
}

export function listVolumes(call: Call): Answer {
  const wanted = byName(call.world.state, { name: call.query.get('name'), region: call.query.get('region') });
  const { items, links, meta } = pageOf(call, wanted);
  return { status: 200, body: { volumes: items.map(volumeView), links, meta } };
}

export function getVolume(call: Call): Answer {
  return { status: 200, body: { volume: volumeView(findVolume(call)) } };
}

export function deleteVolume(call: Call): Answer {
  return deleteDetached(call, findVolume(call));
}

/** Both name and region are needed, because only together are they unique. */
export function deleteVolumeByName(call: Call): Answer {
  const [name, region] = [call.query.get('name'), call.query.get('region')];
  if (name === null || region === null) throw unprocessable('name and region are required');
  const [volume] = byName(call.world.state, { name, region });
  if (volume === undefined) throw notFound();
  return deleteDetached(call, volume);
}

export function createVolumeSnapshot(call: Call): Answer {
  const volume = findVolume(call);
  const { name, tags } = parseBody(call, snapshotBody);
  const { state } = call.world;
  const snapshot = addSnapshot(state, {
    name,
    resource_type: 'volume',
    resource_id: volume.id,
    region: volume.region,
    min_disk_size: volume.size_gigabytes,
    size_gigabytes: 0.5,
    tags: newTags(state, tags),
    created_at: call.now,
  });
  return { status: 201, body: { snapshot: snapshotView(snapshot) } };
}

/** The volume that the path names. */
export function findVolume(call: Call): VolumeRecord {
  const volume = call.world.state.volumes.find(({ id }) => id === param(call, 'id'));
  if (volume === undefined) throw notFound();
  return volume;
}

export function removeVolume(state: State, id: string): void {
  state.volumes = state.volumes.filter((volume) => volume.id !== id);
  countDestroyed(state, 'volume');
}

export const MAX_VOLUME_GIGABYTES = 16_384;

const createBody = z.object({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, 'a name has up to 64 lower case letters, digits and dashes, and begins with a letter'),
  region: z.string(),
  size_gigabytes: z.int().min(1).max(MAX_VOLUME_GIGABYTES).optional(),
  snapshot_id: z.string().optional(),
  description: z.string().default(''),
  filesystem_type: z.enum(['', 'ext4', 'xfs']).default(''),
  filesystem_label: z.string().max(16).default(''),
  tags: tagNames,
});

const snapshotBody = z.object({ name: z.string().min(1), tags: tagNames });

/** A volume that comes from a snapshot is as large as what the snapshot was taken of, whatever was asked for. */
function sizeOfSnapshot(state: State, id: string): number {
  const snapshot = state.snapshots.find((record) => record.id === id && record.resource_type === 'volume');
  if (snapshot === undefined) throw notFound();
  return snapshot.min_disk_size;
}

/** Null is any. */
function byName(state: State, wanted: { name: string | null; region: string | null }): readonly VolumeRecord[] {
  return state.volumes.filter(
    ({ name, region }) => (wanted.name === null || name === wanted.name) && (wanted.region === null || region === wanted.region),
  );
}

function deleteDetached(call: Call, volume: VolumeRecord): Answer {
  const { state } = call.world;
  if (volume.droplet_id !== null && !isLocked(state, volumeUrn(volume.id)))
    throw conflict('failed to delete volume: it is attached to a droplet');
  refuseLocked(state, volumeUrn(volume.id));
  removeVolume(state, volume.id);
  return NO_CONTENT;
}

function volumeView(volume: VolumeRecord): object {
  const { droplet_id, region, created_at, ...rest } = volume;
  const droplet_ids = droplet_id === null ? [] : [droplet_id];
  return { ...rest, droplet_ids, region: regionView(region), created_at: isoTime(created_at) };
}
