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

/** Types in the order in which they are made. */
export const CREATE_ORDER: readonly (readonly StackType[])[] = [
  ['vpc'],
  ['droplet', 'volume'],
  ['attachment'],
  ['firewall'],
  ['reserved_ip'],
];

/** A step before it is known what it needs. */
export type Unordered = Omit<ProvisionStep, 'needs'>;

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
  return inLayers(createLayers(stack, resources), withRefs);
}

/** Its steps, in layers: none needs what a later one makes. */
export function createLayers(stack: string, resources: readonly StackResource[]): Unordered[][] {
  return CREATE_ORDER.map((types) => resources.filter(({ type }) => types.includes(type)).map((resource) => createStep(stack, resource)));
}

/** What is before a step, and the steps that make what its refs name. */
export function withRefs(step: Unordered, before: readonly string[]): readonly string[] {
  return [...new Set([...before, ...refsIn(step.params).flatMap((ref) => stepOf(ref) ?? [])])];
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

function createStep(stack: string, { type, name, spec }: StackResource): Unordered {
  return createStepOf(type, resourceUrn({ stack, type, name }), specOf({ type, spec }));
}

/** The step that makes a resource. */
export function createStepOf(type: StackType, urn: string, spec: StackResource['spec']): Unordered {
  const module = STACK_TYPES[type];
  return { name: `${module}.${nameOf(urn)}`, module, urn, params: { spec } };
}

/** The spec as the provider's side takes it: users name what is attached by its type, as in every ref. */
export function specOf({ type, spec }: Pick<StackResource, 'type' | 'spec'>): StackResource['spec'] {
  return type === 'attachment' ? { volume_id: spec['volume'] ?? null, droplet_id: spec['droplet'] ?? null } : spec;
}

/** Each step behind the layer before its own; a layer that is empty is passed. */
export function inLayers(
  layers: readonly (readonly Unordered[])[],
  needsOf: (step: Unordered, before: readonly string[]) => readonly string[] = (_, before) => before,
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

/** What the refs in a value name, as often as they do. */
export function refsIn(value: Json): string[] {
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
