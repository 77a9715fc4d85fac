import type { ProvisionedResource } from '../contracts/cloud.ts';
import type { FieldDiff } from '../contracts/drift.ts';
import type { Json } from '../contracts/ledger.ts';
import { normalRules, normalSet } from './drift/firewall-rules.ts';

type Fields = { readonly [key: string]: Json };

/** What is compared: each field as it is meant and as it is, both in their one spelling. Undefined is not meant in any way. */
interface Compared {
  readonly field: string;
  readonly desired: Json | undefined;
  readonly actual: Json | undefined;
}

/** A row with its spec and what was seen of it. */
interface Sides {
  readonly row: Pick<ProvisionedResource, 'name' | 'tag'>;
  readonly spec: Fields;
  readonly seen: Fields;
}

type FieldOf = (sides: Sides) => Compared;

/** By type; what a spec has beside these is sent once and cannot be read back, as an image or user data. */
const FIELDS: Readonly<Record<string, readonly FieldOf[]>> = {
  droplet: [name, plain('size'), plain('region'), plain('vpc_uuid'), power, ownTags],
  volume: [name, plain('region'), plain('size_gigabytes'), ownTags],
  snapshot: [name],
  firewall: [name, set('droplet_ids'), tagSet, rules('inbound_rules'), rules('outbound_rules')],
  vpc: [name, plain('region'), plain('ip_range')],
  reserved_ip: [plain('droplet_id')],
};

/** Fields that are not as they are meant to be, in the order of the type's fields. A type without fields is as it is meant when it is there. */
export function fieldDiffs(row: Pick<ProvisionedResource, 'type' | 'name' | 'tag' | 'desired_spec'>, seen: Fields): readonly FieldDiff[] {
  const spec = (row.desired_spec ?? {}) as Fields;
  const compared = (FIELDS[row.type] ?? []).map((fieldOf) => fieldOf({ row, spec, seen }));
  return compared.flatMap(({ field, desired, actual = null }) => {
    return desired === undefined || JSON.stringify(desired) === JSON.stringify(actual) ? [] : [{ field, desired, actual }];
  });
}

/** The name that a person gave it goes before the one it was made under. */
function name({ row, spec, seen }: Sides): Compared {
  return { field: 'name', desired: spec['name'] ?? row.name, actual: seen['name'] };
}

function plain(field: string): FieldOf {
  return ({ spec, seen }) => ({ field, desired: spec[field], actual: seen[field] });
}

const POWER: Readonly<Record<string, Json>> = { active: 'on', off: 'off' };

function power({ spec, seen }: Sides): Compared {
  const status = seen['status'] as string;
  return { field: 'power', desired: spec['power'] ?? 'on', actual: POWER[status] ?? status };
}

/** It carries its own tag, and no other. */
function ownTags({ row, seen }: Sides): Compared {
  return { field: 'tags', desired: tags(row.tag === null ? [] : [row.tag]), actual: tags(seen['tags']) };
}

/** A firewall has none: they are those of the droplets behind it. */
function tagSet({ spec, seen }: Sides): Compared {
  return { field: 'tags', desired: tags(spec['tags']), actual: tags(seen['tags']) };
}

function set(field: string): FieldOf {
  return ({ spec, seen }) => ({ field, desired: normalSet(listOf(spec[field])), actual: normalSet(listOf(seen[field])) });
}

function rules(field: string): FieldOf {
  return ({ spec, seen }) => ({ field, desired: normalRules(spec[field] ?? []), actual: normalRules(seen[field] ?? []) });
}

/** Case does not tell two tags apart. */
function tags(list: Json | undefined): readonly Json[] {
  return normalSet(listOf(list).map((tag) => (tag as string).toLowerCase()));
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}
