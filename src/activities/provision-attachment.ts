import { getVolume } from '../cloud/digitalocean/volumes.ts';
import { actOnVolume } from '../cloud/digitalocean/volume-actions.ts';
import { actUntilDone } from './provision-action.ts';
import type { ModuleWorld } from './provision-module.ts';
import type { ProvisioningState } from './provision-state.ts';

/** Detaches the volume of the state's urn from wherever it is, whoever attached it: an attached one cannot be deleted. */
export async function freeVolume(world: ModuleWorld, { urn, signal }: ProvisioningState): Promise<void> {
  const row = await world.ledger.find(urn);
  if (!row || row.provider_id === null) return;
  const volume = await getVolume(world.api, row.provider_id, signal);
  for (const droplet_id of volume?.droplet_ids ?? []) {
    const action = { type: 'detach', droplet_id, region: volume?.region ?? '' } as const;
    await actUntilDone(world, () => actOnVolume(world.api, { volume_id: volume?.id ?? '', action, signal }), signal);
  }
}
