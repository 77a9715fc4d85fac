import type { FirewallRecord } from './state.ts';
import { isoTime } from './world.ts';

/** A firewall as the API writes it: `waiting`, with the droplets it is not on yet, until it has settled. */
export function firewallView(firewall: FirewallRecord, now: number): object {
  const { settled_at, created_at, ...rest } = firewall;
  const waiting = now < settled_at;
  return {
    ...rest,
    status: waiting ? 'waiting' : 'succeeded',
    created_at: isoTime(created_at),
    pending_changes: waiting ? rest.droplet_ids.map((droplet_id) => ({ droplet_id, removing: false, status: 'waiting' })) : [],
  };
}
