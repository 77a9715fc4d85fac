import type { ProvisionedResource } from '../../contracts/cloud.ts';
import { stackPrefix } from '../../contracts/cloud.ts';
import type { Json } from '../../contracts/ledger.ts';
import { CREATE_ORDER, refOf } from '../../contracts/provision-expand.ts';
import type { WantedResource } from './changes.ts';

/** Snapshots are no part of a stack. */
const ORDER: readonly string[] = CREATE_ORDER.flat();

/** The stack as the ledger means it, by type and name, so that a comparison with itself shows only what was changed outside. */
export function asMeant(stack: string, rows: readonly ProvisionedResource[]): WantedResource[] {
  const refs = new Map(
    rows.flatMap(({ urn, type, provider_id }) => (provider_id === null ? [] : [[`${type} ${provider_id}`, refOf(urn)] as const])),
  );
  const prefix = stackPrefix(stack);
  return rows
    .filter(({ urn, type }) => urn.startsWith(prefix) && ORDER.includes(type))
    .toSorted((a, b) => ORDER.indexOf(a.type) - ORDER.indexOf(b.type) || (a.urn < b.urn ? -1 : 1))
    .map(({ urn, type, desired_spec }) => {
      const spec = Object.entries(desired_spec as WantedResource['spec']).map(([field, value]) => [field, withRefs(refs, field, value)]);
      return { type, name: refOf(urn).slice(type.length + 1), spec: Object.fromEntries(spec) };
    });
}

/** The fields of specs that hold ids, and of what. */
const ID_FIELDS: Readonly<Record<string, string>> = { vpc_uuid: 'vpc', droplet_id: 'droplet', droplet_ids: 'droplet', volume_id: 'volume' };

function withRefs(refs: ReadonlyMap<string, string>, field: string, value: Json): Json {
  if (Array.isArray(value)) return value.map((one: Json) => withRefs(refs, field, one));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withRefs(refs, name, one)]));
  }
  const ref = typeof value === 'string' || typeof value === 'number' ? refs.get(`${ID_FIELDS[field] ?? ''} ${value}`) : undefined;
  return ref === undefined ? value : { ref };
}
