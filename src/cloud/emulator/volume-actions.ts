import { z } from 'zod';
import { actionView, dropletUrn, getActionOn, listActionsOn, startAction, volumeUrn } from './actions.ts';
import type { Answer, Call } from './call.ts';
import { parseBody } from './call.ts';
import { visibleDroplet } from './droplet-lookup.ts';
import { unprocessable } from './problem.ts';
import type { Effect, State, VolumeRecord } from './state.ts';
import { findVolume, MAX_VOLUME_GIGABYTES } from './volumes.ts';

export function postVolumeAction(call: Call): Answer {
  const volume = findVolume(call);
  const body = parseBody(call, actionBody);
  if (body.region !== undefined && body.region !== volume.region) throw unprocessable('The volume is not in this region.');
  if (body.type === 'attach') return attach(call, volume, body.droplet_id);
  if (body.type === 'detach') return detach(call, volume, body.droplet_id);
  if (body.size_gigabytes <= volume.size_gigabytes) throw unprocessable('A volume can only be made larger.');
  const { size_gigabytes } = body;
  return accept(call, volume, { type: 'resize', locks: [], effect: { kind: 'grow', volume_id: volume.id, size_gigabytes } });
}

export const listVolumeActions = (call: Call): Answer => listActionsOn(call, volumeUrn(findVolume(call).id));

export function getVolumeAction(call: Call): Answer {
  return { status: 200, body: { action: actionView(getActionOn(call, volumeUrn(findVolume(call).id))) } };
}

/** Throws a 422 when so many volumes more would be too many for a droplet; those that are on their way to it count. */
export function refuseTooManyVolumes(state: State, dropletId: number | null, more: number, limit: number): void {
  const coming = state.actions.filter(
    ({ status, effect }) => status === 'in-progress' && effect.kind === 'attach' && effect.droplet_id === dropletId,
  );
  const attached = dropletId === null ? 0 : state.volumes.filter((volume) => volume.droplet_id === dropletId).length;
  if (attached + coming.length + more > limit) throw unprocessable(`A droplet can have at most ${limit} volumes attached.`);
}

const region = z.string().optional();

const actionBody = z.discriminatedUnion('type', [
  z.object({ type: z.literal('attach'), region, droplet_id: z.int() }),
  z.object({ type: z.literal('detach'), region, droplet_id: z.int() }),
  z.object({ type: z.literal('resize'), region, size_gigabytes: z.int().min(1).max(MAX_VOLUME_GIGABYTES) }),
]);

function attach(call: Call, volume: VolumeRecord, dropletId: number): Answer {
  const droplet = visibleDroplet(call, dropletId);
  if (droplet.region !== volume.region) throw unprocessable('The volume and the droplet are not in the same region.');
  if (volume.droplet_id !== null) throw unprocessable('This volume is already attached to a droplet.');
  const { state, limits } = call.world;
  refuseTooManyVolumes(state, dropletId, 1, limits.volumes_per_droplet);
  const effect = { kind: 'attach', volume_id: volume.id, droplet_id: dropletId } as const;
  return accept(call, volume, { type: 'attach_volume', locks: [dropletUrn(dropletId)], effect });
}

function detach(call: Call, volume: VolumeRecord, dropletId: number): Answer {
  if (volume.droplet_id !== dropletId) throw unprocessable('Attachment not found');
  const effect = { kind: 'detach', volume_id: volume.id } as const;
  return accept(call, volume, { type: 'detach_volume', locks: [dropletUrn(dropletId)], effect });
}

function accept(call: Call, volume: VolumeRecord, what: { type: string; locks: readonly string[]; effect: Effect }): Answer {
  const locks = [volumeUrn(volume.id), ...what.locks];
  const action = startAction(call, { ...what, resource_type: 'volume', resource_id: null, region: volume.region, locks });
  return { status: 202, body: { action: actionView(action) } };
}
