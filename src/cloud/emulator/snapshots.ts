import { z } from 'zod';
import type { Answer, Call } from './call.ts';
import { NO_CONTENT, param } from './call.ts';
import { pageOf } from './pages.ts';
import { notFound, unprocessable } from './problem.ts';
import type { SnapshotRecord, State } from './state.ts';
import { countCreated, countDestroyed, isoTime, nextId, nextUuid } from './world.ts';

/** Adds a snapshot: of a droplet with an integer as its id, of a volume with a UUID. */
export function addSnapshot(state: State, snapshot: Omit<SnapshotRecord, 'id'>): SnapshotRecord {
  const id = snapshot.resource_type === 'droplet' ? String(nextId(state)) : nextUuid(state);
  const record = { id, ...snapshot };
  state.snapshots.push(record);
  countCreated(state, 'snapshot');
  return record;
}

export function removeSnapshot(state: State, id: string): void {
  state.snapshots = state.snapshots.filter((snapshot) => snapshot.id !== id);
  countDestroyed(state, 'snapshot');
}

export function snapshotView(snapshot: SnapshotRecord): object {
  const { region, created_at, ...rest } = snapshot;
  return { ...rest, regions: [region], created_at: isoTime(created_at) };
}

export function listSnapshots(call: Call): Answer {
  const type = call.query.get('resource_type');
  if (type !== null && !resourceType.safeParse(type).success) throw unprocessable('resource_type must be droplet or volume');
  return snapshotPage(call, (snapshot) => type === null || snapshot.resource_type === type);
}

export function getSnapshot(call: Call): Answer {
  return { status: 200, body: { snapshot: snapshotView(find(call)) } };
}

export function deleteSnapshot(call: Call): Answer {
  removeSnapshot(call.world.state, find(call).id);
  return NO_CONTENT;
}

export function listVolumeSnapshots(call: Call): Answer {
  const id = param(call, 'id');
  if (!call.world.state.volumes.some((volume) => volume.id === id)) throw notFound();
  return snapshotPage(call, (snapshot) => snapshot.resource_type === 'volume' && snapshot.resource_id === id);
}

const resourceType = z.enum(['droplet', 'volume']);

function snapshotPage(call: Call, belongs: (snapshot: SnapshotRecord) => boolean): Answer {
  const { items, links, meta } = pageOf(call, call.world.state.snapshots.filter(belongs));
  return { status: 200, body: { snapshots: items.map(snapshotView), links, meta } };
}

function find(call: Call): SnapshotRecord {
  const snapshot = call.world.state.snapshots.find(({ id }) => id === param(call, 'id'));
  if (snapshot === undefined) throw notFound();
  return snapshot;
}
