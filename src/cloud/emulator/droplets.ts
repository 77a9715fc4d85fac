import { dropletUrn, refuseLocked } from './actions.ts';
import type { Answer, Call } from './call.ts';
import { NO_CONTENT, param } from './call.ts';
import { visibleDroplet, visibleDroplets } from './droplet-lookup.ts';
import { removeDroplet } from './droplet-removal.ts';
import { dropletView, isGpu, snapshotsOf } from './droplet-view.ts';
import { firewallView } from './firewall-view.ts';
import { pageOf } from './pages.ts';
import { unprocessable } from './problem.ts';
import { snapshotView } from './snapshots.ts';
import type { DropletRecord } from './state.ts';
import { sameTag } from './tag-names.ts';

/**
 * By exact name whatever the case, or by tag, not both. Droplets with GPUs are in no list but `type=gpus`, which knows no tags: what
 * the API does with them under a tag is not documented, and a client must not count on it.
 */
export function listDroplets(call: Call): Answer {
  const { state } = call.world;
  const { items, links, meta } = pageOf(call, visibleDroplets(call).filter(filterOf(call.query)));
  return { status: 200, body: { droplets: items.map((droplet) => dropletView(state, droplet)), links, meta } };
}

export function getDroplet(call: Call): Answer {
  return { status: 200, body: { droplet: dropletView(call.world.state, visibleDroplet(call, param(call, 'id'))) } };
}

/** Refused with 422 while an action is in progress, also its creation. */
export function deleteDroplet(call: Call): Answer {
  const { id } = visibleDroplet(call, param(call, 'id'));
  refuseLocked(call.world.state, dropletUrn(id));
  removeDroplet(call.world, id, call.now);
  return NO_CONTENT;
}

export function listDropletSnapshots(call: Call): Answer {
  const { id } = visibleDroplet(call, param(call, 'id'));
  const { items, links, meta } = pageOf(call, snapshotsOf(call.world.state, id));
  const snapshots = items.map((snapshot) => dropletSnapshotView(snapshotView(snapshot), Number(snapshot.id)));
  return { status: 200, body: { snapshots, links, meta } };
}

export function listDropletFirewalls(call: Call): Answer {
  const { id, tags } = visibleDroplet(call, param(call, 'id'));
  const holds = call.world.state.firewalls.filter(
    (firewall) => firewall.droplet_ids.includes(id) || firewall.tags.some((tag) => tags.includes(tag)),
  );
  const { items, links, meta } = pageOf(call, holds);
  return { status: 200, body: { firewalls: items.map((firewall) => firewallView(firewall, call.now)), links, meta } };
}

function filterOf(query: URLSearchParams): (droplet: DropletRecord) => boolean {
  const [name, tag, type] = [query.get('name'), query.get('tag_name'), query.get('type')];
  if (type !== null && type !== 'gpus' && type !== 'droplets') throw unprocessable('type must be droplets or gpus');
  if (tag !== null && (name !== null || type !== null)) throw unprocessable('tag_name cannot be combined with name or type');
  return (droplet) => {
    if (isGpu(droplet) !== (type === 'gpus')) return false;
    if (tag !== null) return droplet.tags.some((own) => sameTag(own, tag));
    return name === null || droplet.name.toLowerCase() === name.toLowerCase();
  };
}

/** Under a droplet, a snapshot has an integer id and a type instead of a resource. */
function dropletSnapshotView(view: object, id: number): object {
  const { resource_id: _id, resource_type: _type, tags: _tags, ...rest } = view as Record<string, unknown>;
  return { ...rest, id, type: 'snapshot' };
}
