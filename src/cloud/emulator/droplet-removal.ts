import { dropletUrn } from './actions.ts';
import { countDestroyed, type World } from './world.ts';

/**
 * Takes a droplet out of the account. Its volumes are detached and its reserved IP is free, but both stay, and its VPC keeps it as a
 * member for a while. What it was doing never ends. Does nothing when there is no such droplet.
 */
export function removeDroplet({ state, delays }: World, id: number, now: number): void {
  const droplet = state.droplets.find((record) => record.id === id);
  if (droplet === undefined) return;
  state.droplets = state.droplets.filter((record) => record !== droplet);
  for (const volume of state.volumes) if (volume.droplet_id === id) volume.droplet_id = null;
  for (const reserved of state.reserved_ips) if (reserved.droplet_id === id) reserved.droplet_id = null;
  for (const firewall of state.firewalls) firewall.droplet_ids = firewall.droplet_ids.filter((member) => member !== id);
  const { name, vpc_id, created_at } = droplet;
  if (delays.vpc_release_ms > 0) {
    state.leaving.push({ vpc_id, name, urn: dropletUrn(id), created_at, until: now + delays.vpc_release_ms });
  }
  countDestroyed(state, 'droplet');
}
