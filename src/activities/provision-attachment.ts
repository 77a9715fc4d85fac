import { CloudError } from '../cloud/cloud-error.ts';
import { actOnVolume } from '../cloud/digitalocean/volume-actions.ts';
import { getDroplet } from '../cloud/digitalocean/droplets.ts';
import { getVolume, type Volume } from '../cloud/digitalocean/volumes.ts';
import { actUntilDone, refuseLocked } from './provision-action.ts';
import type { ModuleWorld } from './provision-module.ts';
import type { ProvisioningState } from './provision-state.ts';

/** Attaches the volume of the state's urn to the droplet of its input `droplet`, unless it is. */
export async function attachVolume(world: ModuleWorld, state: ProvisioningState): Promise<void> {
  const { signal } = state;
  const droplet_id = Number(state.getInput('droplet'));
  const volume = await volumeOf(world, state);
  if (!volume) throw gone(state.urn);
  if (!volume.droplet_ids.includes(droplet_id)) {
    const action = { type: 'attach', droplet_id, region: volume.region } as const;
    await actUntilDone(world, () => actOnVolume(world.api, { volume_id: volume.id, action, signal }), signal);
  }
  await note(world, state);
}

/** Takes an attachment back, also one that was accepted and is still being made. */
export async function undoAttachment(world: ModuleWorld, state: ProvisioningState): Promise<void> {
  const droplet = await getDroplet(world.api, Number(state.getInput('droplet')), state.signal);
  if (droplet) refuseLocked(droplet);
  await detachVolume(world, state);
}

/** Detaches the volume of the state's urn from wherever it is. */
export async function detachVolume(world: ModuleWorld, state: ProvisioningState): Promise<void> {
  const { signal } = state;
  const volume = await volumeOf(world, state);
  for (const droplet_id of volume?.droplet_ids ?? []) {
    const action = { type: 'detach', droplet_id, region: volume?.region ?? '' } as const;
    await actUntilDone(world, () => actOnVolume(world.api, { volume_id: volume?.id ?? '', action, signal }), signal);
  }
  if (volume && volume.droplet_ids.length > 0) await note(world, state);
}

async function volumeOf({ api, ledger }: ModuleWorld, { urn, signal }: ProvisioningState): Promise<Volume | undefined> {
  const row = await ledger.find(urn);
  if (!row || row.provider_id === null || row.state === 'deleted') return undefined;
  return await getVolume(api, row.provider_id, signal);
}

/** Where it is attached, for the ledger. One that is being deleted stays as it was last seen. */
async function note(world: ModuleWorld, state: ProvisioningState): Promise<void> {
  const volume = await volumeOf(world, state);
  if (volume) await world.ledger.markActive({ urn: state.urn, provider_id: volume.id, observed: { ...volume } });
}

function gone(urn: string): CloudError {
  return new CloudError('RESOURCE_VANISHED', `${urn} is not there: expected a volume to attach`, { outcome: 'refused', retryable: false });
}
