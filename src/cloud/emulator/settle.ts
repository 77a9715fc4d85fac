import { findSize } from './catalogue.ts';
import { removeDroplet } from './droplet-removal.ts';
import { addSnapshot } from './snapshots.ts';
import { addTag } from './tag-names.ts';
import type { ActionRecord, DropletRecord, Effect, State } from './state.ts';
import type { World } from './world.ts';

/** Lets everything happen that is due at a time: ends of actions, in their order, late tags, and members that leave their VPC. */
export function settle(world: World, now: number): void {
  const { state } = world;
  const due = state.actions.filter(({ status, fate, due_at }) => status === 'in-progress' && fate !== 'never' && due_at <= now);
  for (const action of due.toSorted((left, right) => left.due_at - right.due_at || left.id - right.id)) finish(world, action);
  for (const droplet of state.droplets) applyLateTags(state, droplet, now);
  state.leaving = state.leaving.filter(({ until }) => until > now);
  const surplus = state.actions.length - MAX_ACTIONS;
  if (surplus > 0) state.actions = state.actions.filter(({ status }, at) => at >= surplus || status === 'in-progress');
}

/** The oldest that have ended are forgotten beyond so many, which the API does not do. */
const MAX_ACTIONS = 10_000;

function finish(world: World, action: ActionRecord): void {
  const errs = action.fate === 'errors';
  action.status = errs ? 'errored' : 'completed';
  action.completed_at = action.due_at;
  if (!errs) apply(world.state, action.effect, action.due_at);
  else if (action.effect.kind === 'activate') removeDroplet(world, action.effect.droplet_id, action.due_at);
}

function apply(state: State, effect: Effect, at: number): void {
  switch (effect.kind) {
    case 'activate':
      return onDroplet(state, effect.droplet_id, (droplet) => void (droplet.status = 'active'));
    case 'power':
      return onDroplet(state, effect.droplet_id, (droplet) => void (droplet.status = effect.status));
    case 'rename':
      return onDroplet(state, effect.droplet_id, (droplet) => void (droplet.name = effect.name));
    case 'resize':
      return onDroplet(state, effect.droplet_id, (droplet) => resize(droplet, effect));
    case 'snapshot':
      return onDroplet(state, effect.droplet_id, (droplet) => snapshot(state, droplet, { name: effect.name, at }));
    case 'assign':
      return assign(state, effect);
    default:
      return applyToVolume(state, effect);
  }
}

function applyToVolume(state: State, effect: Extract<Effect, { volume_id: string }>): void {
  const volume = state.volumes.find(({ id }) => id === effect.volume_id);
  if (volume === undefined) return;
  if (effect.kind === 'attach') volume.droplet_id = state.droplets.some(({ id }) => id === effect.droplet_id) ? effect.droplet_id : null;
  else if (effect.kind === 'detach') volume.droplet_id = null;
  else volume.size_gigabytes = effect.size_gigabytes;
}

/** It may have been deleted behind the action's back. */
function onDroplet(state: State, wanted: number, change: (droplet: DropletRecord) => void): void {
  const droplet = state.droplets.find(({ id }) => id === wanted);
  if (droplet !== undefined) change(droplet);
}

function resize(droplet: DropletRecord, effect: Extract<Effect, { kind: 'resize' }>): void {
  droplet.size_slug = effect.size_slug;
  if (effect.disk) droplet.disk = findSize(effect.size_slug)?.disk ?? droplet.disk;
}

function snapshot(state: State, droplet: DropletRecord, { name, at }: { name: string; at: number }): void {
  addSnapshot(state, {
    name,
    resource_type: 'droplet',
    resource_id: String(droplet.id),
    region: droplet.region,
    min_disk_size: droplet.disk,
    size_gigabytes: 2.5,
    tags: [],
    created_at: at,
  });
}

function assign(state: State, { ip, droplet_id }: Extract<Effect, { kind: 'assign' }>): void {
  const reserved = state.reserved_ips.find((record) => record.ip === ip);
  const exists = state.droplets.some(({ id }) => id === droplet_id);
  if (reserved !== undefined) reserved.droplet_id = exists ? droplet_id : null;
}

function applyLateTags(state: State, droplet: DropletRecord, now: number): void {
  const due = droplet.late_tags.filter(({ at }) => at <= now);
  if (due.length === 0) return;
  droplet.late_tags = droplet.late_tags.filter(({ at }) => at > now);
  for (const { name } of due) addTag(state, droplet.tags, name);
}
