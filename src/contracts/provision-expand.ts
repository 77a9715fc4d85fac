import { resourceUrn } from './cloud.ts';
import type { Json } from './ledger.ts';
import type { ModuleName, ProvisionStep } from './provision.ts';

/** What a stack may be written with, and the module that makes each. */
export const STACK_TYPES = {
  vpc: 'create_vpc',
  droplet: 'create_droplet',
  volume: 'create_volume',
  attachment: 'attach_volume',
  firewall: 'create_firewall',
  reserved_ip: 'create_reserved_ip',
} as const satisfies { readonly [type: string]: ModuleName };
export type StackType = keyof typeof STACK_TYPES;

/** A resource as users write it. */
export interface StackResource {
  readonly type: StackType;
  /** Unique for its type in the stack. */
  readonly name: string;
  /** What the provider is asked for; of an attachment `{volume, droplet}`. `{"ref": "vpc:main"}` is the id of another resource. */
  readonly spec: { readonly [field: string]: Json };
}

/** A resource that there is, by its row. */
export interface ExistingResource {
  readonly urn: string;
  readonly type: string;
}

const CREATE_ORDER: readonly (readonly StackType[])[] = [['vpc'], ['droplet', 'volume'], ['attachment'], ['firewall'], ['reserved_ip']];

type Layer = readonly Omit<ProvisionStep, 'needs'>[];

/** What is wrong with the names and refs of a stack, and where below `resources`. */
export function stackIssues(
  resources: readonly StackResource[],
): readonly { readonly path: readonly (string | number)[]; readonly message: string }[] {
  const keys = resources.map(keyOf);
  return resources.flatMap((resource, idx) => {
    const twice = keys.indexOf(keyOf(resource)) < idx;
    const earlier = keys.filter((key, at) => layerOf(resources[at]) < layerOf(resource) && !key.startsWith('attachment:'));
    const wrong = refsIn(resource.spec).filter((ref) => !earlier.includes(ref));
    const known = earlier.length === 0 ? 'there are none' : earlier.slice(0, 12).join(', ');
    return [
      ...(twice ? [{ path: [idx, 'name'], message: `expected each ${resource.type} once, got "${resource.name}" twice; rename one` }] : []),
      ...attachmentIssue(resource).map((message) => ({ path: [idx, 'spec'], message })),
      ...wrong.map((ref) => ({
        path: [idx, 'spec'],
        message: `expected a ref to a resource that is made before a ${resource.type} (${known}), got "${ref}"; correct it`,
      })),
    ];
  });
}

/** The steps that make a stack: first VPCs, then droplets and volumes, attachments, firewalls, and reserved IPs. The stack must have no issue. */
export function expandProvision(stack: string, resources: readonly StackResource[]): ProvisionStep[] {
  const layers = CREATE_ORDER.map((types): Layer =>
    resources.filter(({ type }) => types.includes(type)).map((resource) => createStep(stack, resource)),
  );
  return inLayers(layers, (step, before) => [...new Set([...before, ...refsIn(step.params).flatMap((ref) => stepOf(ref) ?? [])])]);
}

/** The steps that remove what there is of a stack: what holds others first, VPCs last. */
export function expandOffboarding(resources: readonly ExistingResource[]): ProvisionStep[] {
  const of = (...types: readonly string[]): readonly ExistingResource[] => resources.filter(({ type }) => types.includes(type));
  const remove = (one: ExistingResource): Layer[number] => stepOn(`delete_${one.type}` as ModuleName, one);
  return inLayers([
    of('reserved_ip', 'firewall').map(remove),
    of('volume').map((one) => stepOn('detach_volume', one)),
    of('droplet').map(remove),
    of('volume', 'snapshot').map(remove),
    of('vpc').map(remove),
  ]);
}

/** The steps that stop what costs most and keep the data: a snapshot of each volume, then the droplets off. `mark` names the snapshots. */
export function expandSuspension(stack: string, resources: readonly ExistingResource[], mark: string): ProvisionStep[] {
  const snapshot = (volume: ExistingResource): Layer[number] => {
    const urn = resourceUrn({ stack, type: 'snapshot', name: `${nameOf(volume.urn)}-${mark}` });
    return { ...stepOn('snapshot_volume', { urn, type: 'snapshot' }), params: { volume_urn: volume.urn } };
  };
  const off = (droplet: ExistingResource): Layer[number] => stepOn('power_off_droplet', droplet);
  const all = (type: string): readonly ExistingResource[] => resources.filter((one) => one.type === type);
  return inLayers([all('volume').map(snapshot), all('droplet').map(off)]);
}

/** The last part of a urn. */
export function nameOf(urn: string): string {
  return urn.slice(urn.lastIndexOf(':') + 1);
}

/** `type:name` of a urn: what refs and the context call it. */
export function refOf(urn: string): string {
  return urn.split(':').slice(3).join(':');
}

/** The text of a ref, when the value is one. */
export function asRef(value: Json): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { ref, ...others } = value as { readonly [key: string]: Json };
  return typeof ref === 'string' && Object.keys(others).length === 0 ? ref : undefined;
}

function attachmentIssue({ type, spec }: StackResource): string[] {
  const { volume = null, droplet = null, ...others } = spec;
  const fits = asRef(volume)?.startsWith('volume:') && asRef(droplet)?.startsWith('droplet:') && Object.keys(others).length === 0;
  if (type !== 'attachment' || fits) return [];
  return ['expected {volume: {ref: "volume:NAME"}, droplet: {ref: "droplet:NAME"}}; correct it'];
}

function createStep(stack: string, { type, name, spec }: StackResource): Layer[number] {
  const module = STACK_TYPES[type];
  if (type !== 'attachment') return { name: `${module}.${name}`, module, urn: resourceUrn({ stack, type, name }), params: { spec } };
  const volume = asRef(spec['volume'] ?? null) ?? name;
  return { name: `${module}.${name}`, module, urn: resourceUrn({ stack, type: 'volume', name: nameOf(volume) }), params: spec };
}

function stepOn(module: ModuleName, { urn }: ExistingResource): Layer[number] {
  return { name: `${module}.${nameOf(urn)}`, module, urn, params: {} };
}

/** Each step behind the layer before its own; a layer that is empty is passed. */
function inLayers(
  layers: readonly Layer[],
  needsOf: (step: Layer[number], before: readonly string[]) => readonly string[] = (_, before) => before,
): ProvisionStep[] {
  let before: readonly string[] = [];
  return layers.flatMap((layer) => {
    const steps = layer.map((step) => ({ ...step, needs: needsOf(step, before) }));
    if (layer.length > 0) before = layer.map(({ name }) => name);
    return steps;
  });
}

/** The step that makes what a ref names. */
function stepOf(ref: string): string | undefined {
  const [type = '', name = ''] = ref.split(':');
  return Object.hasOwn(STACK_TYPES, type) ? `${STACK_TYPES[type as StackType]}.${name}` : undefined;
}

function refsIn(value: Json): string[] {
  const ref = asRef(value);
  if (ref !== undefined) return [ref];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap((one: Json) => refsIn(one)) : [];
}

function keyOf({ type, name }: StackResource): string {
  return `${type}:${name}`;
}

function layerOf(resource: StackResource | undefined): number {
  return CREATE_ORDER.findIndex((types) => resource !== undefined && types.includes(resource.type));
}
