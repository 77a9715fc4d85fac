import { z } from 'zod';
import { findSize, SIZES } from './catalogue.ts';
import { removeDroplet } from './droplet-removal.ts';
import { inboundRule, outboundRule } from './firewall-rules.ts';
import { removeFirewall } from './firewalls.ts';
import { removeReservedIp } from './reserved-ips.ts';
import { removeSnapshot } from './snapshots.ts';
import type { State } from './state.ts';
import { addTag, tagName } from './tag-names.ts';
import { removeTag, take } from './tags.ts';
import { removeVolume } from './volumes.ts';
import { removeVpc } from './vpcs.ts';
import type { World } from './world.ts';

const id = z.union([z.string(), z.int()]).transform(String);
const remove = z.literal(true).optional();
const size_slug = z.string().refine((slug) => findSize(slug) !== undefined, `expected one of ${SIZES.map(({ slug }) => slug).join(', ')}`);
const tags = { add_tags: z.array(tagName).optional(), remove_tags: z.array(tagName).optional() };

/** What is sent to `/__change`: something that happens to a resource behind the back of those who use the API. */
export const changeSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('droplet'),
    id,
    delete: remove,
    set: z
      .strictObject({ name: z.string(), size_slug, status: z.enum(['new', 'active', 'off']) })
      .partial()
      .optional(),
    ...tags,
  }),
  z.strictObject({
    type: z.literal('volume'),
    id,
    delete: remove,
    set: z
      .strictObject({ name: z.string(), description: z.string(), size_gigabytes: z.int(), droplet_id: z.int().nullable() })
      .partial()
      .optional(),
    ...tags,
  }),
  z.strictObject({
    type: z.literal('snapshot'),
    id,
    delete: remove,
    set: z.strictObject({ name: z.string() }).partial().optional(),
    ...tags,
  }),
  z.strictObject({
    type: z.literal('vpc'),
    id,
    delete: remove,
    set: z.strictObject({ name: z.string(), description: z.string(), default: z.boolean() }).partial().optional(),
  }),
  z.strictObject({
    type: z.literal('firewall'),
    id,
    delete: remove,
    set: z
      .strictObject({ name: z.string(), droplet_ids: z.array(z.int()) })
      .partial()
      .optional(),
    add_inbound_rule: inboundRule.optional(),
    add_outbound_rule: outboundRule.optional(),
    ...tags,
  }),
  z.strictObject({
    type: z.literal('reserved_ip'),
    id,
    delete: remove,
    set: z.strictObject({ droplet_id: z.int().nullable() }).partial().optional(),
  }),
  z.strictObject({ type: z.literal('tag'), id, delete: z.literal(true) }),
  z.strictObject({
    type: z.literal('account'),
    set: z.strictObject({ status: z.enum(['active', 'warning', 'locked']), status_message: z.string() }).partial(),
  }),
]);

export type Change = z.input<typeof changeSchema>;

/** Changes a resource at once, whatever locks or rules it has. Throws when there is no such resource. */
export function applyChange(world: World, change: z.output<typeof changeSchema>): void {
  const { state } = world;
  if (change.type === 'account') return void Object.assign(state.account, change.set);
  const record = recordOf(state, change.type, change.id);
  if (change.delete === true) return removeRecord(world, change.type, change.id);
  if ('set' in change) Object.assign(record, change.set);
  if ('tags' in record && 'add_tags' in change) for (const name of change.add_tags ?? []) addTag(state, record.tags, name);
  if ('tags' in record && 'remove_tags' in change) for (const name of change.remove_tags ?? []) take(record.tags, name);
  if (change.type === 'firewall' && 'inbound_rules' in record) {
    if (change.add_inbound_rule !== undefined) record.inbound_rules.push(change.add_inbound_rule);
    if (change.add_outbound_rule !== undefined) record.outbound_rules.push(change.add_outbound_rule);
  }
}

type Type = Exclude<Change['type'], 'account'>;

function recordOf(state: State, type: Type, wanted: string): State[(typeof COLLECTIONS)[Type]][number] {
  const records: readonly State[(typeof COLLECTIONS)[Type]][number][] = state[COLLECTIONS[type]];
  const record = records.find((one) => keyOf(one) === wanted);
  if (record === undefined) throw new Error(`${type} ${wanted}: expected one that exists, found none`);
  return record;
}

const COLLECTIONS = {
  droplet: 'droplets',
  volume: 'volumes',
  snapshot: 'snapshots',
  vpc: 'vpcs',
  firewall: 'firewalls',
  reserved_ip: 'reserved_ips',
  tag: 'tags',
} as const;

function keyOf(record: { readonly id: string | number } | { readonly ip: string } | { readonly name: string }): string {
  if ('id' in record) return String(record.id);
  return 'ip' in record ? record.ip : record.name;
}

function removeRecord(world: World, type: Type, wanted: string): void {
  const { state, clock } = world;
  const removals: Readonly<Record<Type, () => void>> = {
    droplet: () => removeDroplet(world, Number(wanted), clock.now()),
    volume: () => removeVolume(state, wanted),
    snapshot: () => removeSnapshot(state, wanted),
    vpc: () => removeVpc(state, wanted),
    firewall: () => removeFirewall(state, wanted),
    reserved_ip: () => removeReservedIp(state, wanted),
    tag: () => removeTag(state, wanted),
  };
  removals[type]();
}
