import type { Call } from './call.ts';
import { notFound } from './problem.ts';
import type { DropletRecord } from './state.ts';

/** The droplets that the API admits to: a new one only after a while. */
export function visibleDroplets({ world, now }: Call): readonly DropletRecord[] {
  return world.state.droplets.filter(({ visible_at }) => visible_at !== null && visible_at <= now);
}

/** The droplet of an id. Throws a 404, also for one that cannot be seen yet. */
export function visibleDroplet(call: Call, id: number | string): DropletRecord {
  const droplet = visibleDroplets(call).find((record) => String(record.id) === String(id));
  if (droplet === undefined) throw notFound();
  return droplet;
}
