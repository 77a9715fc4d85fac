import { CloudError } from '../cloud/cloud-error.ts';
import { actOnDroplet } from '../cloud/digitalocean/droplet-actions.ts';
import { getDroplet } from '../cloud/digitalocean/droplets.ts';
import type { Json } from '../contracts/ledger.ts';
import { refOf } from '../contracts/provision-expand.ts';
import { actUntilDone, refuseLocked } from './provision-action.ts';
import type { ModuleWorld } from './provision-module.ts';
import type { ProvisioningState } from './provision-state.ts';

/** Powers the droplet of the state's urn on or off, unless it is; puts what it was before, as `droplet:NAME:before`. */
export async function powerDroplet(world: ModuleWorld, state: ProvisioningState, to: 'on' | 'off'): Promise<void> {
  const { urn, signal } = state;
  const row = await world.ledger.find(urn);
  const droplet_id = Number(row?.provider_id);
  const droplet = row?.provider_id ? await getDroplet(world.api, droplet_id, signal) : undefined;
  if (!droplet) throw new CloudError('RESOURCE_VANISHED', `${urn} is not there`, { outcome: 'refused', retryable: false });
  refuseLocked(droplet);
  const before = (row?.observed as { readonly status?: Json } | null)?.status ?? droplet.status;
  if (droplet.status !== (to === 'on' ? 'active' : 'off')) {
    await actUntilDone(world, () => actOnDroplet(world.api, { droplet_id, action: { type: `power_${to}` }, signal }), signal);
  }
  const after = await getDroplet(world.api, droplet_id, signal);
  if (after) await world.ledger.markActive({ urn, provider_id: String(droplet_id), observed: { ...after } });
  state.putOutput(`${refOf(urn)}:before`, before);
}
