import { z } from 'zod';
import { dropletUrn } from './actions.ts';
import type { Answer, Call } from './call.ts';
import { NO_CONTENT, param, parseBody } from './call.ts';
import { findRegion } from './catalogue.ts';
import { addressAt, isPrivate, overlaps, parseIpRange } from './ip-range.ts';
import { pageOf } from './pages.ts';
import { notFound, Problem, unprocessable } from './problem.ts';
import type { State, VpcRecord } from './state.ts';
import { countCreated, countDestroyed, isoTime, nextUuid } from './world.ts';

export function createVpc(call: Call): Answer {
  const { state } = call.world;
  const { name, region, description = '', ip_range } = parseBody(call, createBody);
  if (findRegion(region) === undefined) throw unprocessable('Region is not available.');
  refuseName(state, name, null);
  const range = ip_range === undefined || ip_range === '' ? freeRange(state) : checkedRange(state, ip_range);
  const vpc = addVpc(state, { name, description, region, ip_range: range, created_at: call.now });
  return { status: 201, body: { vpc: vpcView(vpc) } };
}

export function listVpcs(call: Call): Answer {
  const { items, links, meta } = pageOf(call, call.world.state.vpcs);
  return { status: 200, body: { vpcs: items.map(vpcView), links, meta } };
}

export function getVpc(call: Call): Answer {
  return { status: 200, body: { vpc: vpcView(find(call)) } };
}

/** PUT needs the name, PATCH nothing. `default: true` takes the place of the region's default; `false` is ignored. */
export function updateVpc(call: Call, bodySchema: typeof putBody | typeof patchBody): Answer {
  const vpc = find(call);
  const { name = vpc.name, description = vpc.description, default: makeDefault } = parseBody<z.infer<typeof patchBody>>(call, bodySchema);
  const { state } = call.world;
  refuseName(state, name, vpc);
  if (makeDefault === true) for (const other of state.vpcs) if (other.region === vpc.region) other.default = other === vpc;
  Object.assign(vpc, { name, description });
  return { status: 200, body: { vpc: vpcView(vpc) } };
}

export function deleteVpc(call: Call): Answer {
  const vpc = find(call);
  if (vpc.default) throw new Problem(403, 'Can not delete default VPCs');
  if (members(call.world.state, vpc.id).length > 0) throw new Problem(403, 'Can not delete VPC with members');
  removeVpc(call.world.state, vpc.id);
  return NO_CONTENT;
}

export function listVpcMembers(call: Call): Answer {
  const type = call.query.get('resource_type');
  const wanted = type === null || type === 'droplet' ? members(call.world.state, find(call).id) : [];
  const { items, links, meta } = pageOf(call, wanted);
  return { status: 200, body: { members: items.map((member) => ({ ...member, created_at: isoTime(member.created_at) })), links, meta } };
}

export function removeVpc(state: State, id: string): void {
  state.vpcs = state.vpcs.filter((vpc) => vpc.id !== id);
  countDestroyed(state, 'vpc');
}

/** The VPC a droplet goes to that names none: the region's default, which is made if there is none. */
export function defaultVpc(state: State, region: string, now: number): VpcRecord {
  const known = state.vpcs.find((vpc) => vpc.region === region && vpc.default);
  if (known !== undefined) return known;
  const name = `default-${region}`;
  return addVpc(state, { name, description: '', region, ip_range: freeRange(state), created_at: now });
}

const name = z.string().regex(/^[a-zA-Z0-9.-]+$/, 'a name has letters, digits, dashes and periods');
const description = z.string().max(255);
const createBody = z.object({ name, region: z.string(), description: description.optional(), ip_range: z.string().optional() });
const changes = { description: description.optional(), default: z.boolean().optional() };
export const putBody = z.object({ name, ...changes });
export const patchBody = z.object({ name: name.optional(), ...changes });

/** The first VPC of a region becomes its default. */
function addVpc(state: State, vpc: Omit<VpcRecord, 'id' | 'default'>): VpcRecord {
  const first = !state.vpcs.some(({ region, default: isDefault }) => region === vpc.region && isDefault);
  const record = { id: nextUuid(state), default: first, ...vpc };
  state.vpcs.push(record);
  countCreated(state, 'vpc');
  return record;
}

function refuseName(state: State, wanted: string, self: VpcRecord | null): void {
  if (state.vpcs.some((vpc) => vpc !== self && vpc.name === wanted)) throw unprocessable('A VPC with this name already exists.');
}

function checkedRange(state: State, text: string): string {
  const range = parseIpRange(text);
  if (range === null || !isPrivate(range)) throw unprocessable('ip_range must be a network of RFC 1918 in CIDR notation.');
  if (range.bits < 16 || range.bits > 28) throw unprocessable('ip_range must be from /16 to /28.');
  if (taken(state).some((other) => overlaps(range, other))) {
    throw unprocessable('This range/size overlaps with another VPC network in your account.');
  }
  return text;
}

/** A /20 that no VPC uses. */
function freeRange(state: State): string {
  const used = taken(state);
  for (let n = 0; n < 4096; n += 1) {
    const range = { first: 10 * 2 ** 24 + n * 4096, last: 10 * 2 ** 24 + (n + 1) * 4096 - 1, bits: 20 };
    if (!used.some((other) => overlaps(range, other))) return `${addressAt(range, 0)}/20`;
  }
  throw unprocessable('There is no free network of this size left.');
}

function taken(state: State): readonly { first: number; last: number; bits: number }[] {
  return state.vpcs.flatMap(({ ip_range }) => parseIpRange(ip_range) ?? []);
}

function members(state: State, vpcId: string): readonly { name: string; urn: string; created_at: number }[] {
  const droplets = state.droplets.filter((droplet) => droplet.vpc_id === vpcId);
  const leaving = state.leaving.filter((member) => member.vpc_id === vpcId);
  return [...droplets.map((droplet) => ({ ...droplet, urn: dropletUrn(droplet.id) })), ...leaving].map((member) => ({
    name: member.name,
    urn: member.urn,
    created_at: member.created_at,
  }));
}

function vpcView(vpc: VpcRecord): object {
  return { ...vpc, urn: `do:vpc:${vpc.id}`, created_at: isoTime(vpc.created_at) };
}

function find(call: Call): VpcRecord {
  const vpc = call.world.state.vpcs.find(({ id }) => id === param(call, 'id'));
  if (vpc === undefined) throw notFound();
  return vpc;
}
