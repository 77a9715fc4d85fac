import { z } from 'zod';
import { actionLink, actionView, getActionOn, isLocked, listActionsOn, refuseLocked, reservedIpUrn, startAction } from './actions.ts';
import type { Answer, Call } from './call.ts';
import { NO_CONTENT, param, parseBody } from './call.ts';
import { findRegion, regionView } from './catalogue.ts';
import { visibleDroplet } from './droplet-lookup.ts';
import { dropletView } from './droplet-view.ts';
import { addressAt, parseIpRange } from './ip-range.ts';
import { pageOf } from './pages.ts';
import { notFound, unprocessable } from './problem.ts';
import type { ActionRecord, ReservedIpRecord, State } from './state.ts';
import { countCreated, countDestroyed, nextId } from './world.ts';

/** For a droplet, or for a region. It is assigned when its action has completed. */
export function createReservedIp(call: Call): Answer {
  const { state, limits } = call.world;
  const body = parseBody(call, createBody);
  if (state.reserved_ips.length >= limits.reserved_ips) throw unprocessable('You have reached the limit of reserved IPs of your account.');
  if ('droplet_id' in body) return createFor(call, body.droplet_id);
  if (findRegion(body.region) === undefined) throw unprocessable('Region is not available.');
  const reserved = reserve(call, body.region, body.project_id);
  const action = startOn(call, reserved, { type: 'reserve_ip', droplet_id: null });
  return { status: 202, body: { reserved_ip: view(state, reserved), links: { droplets: [], actions: [actionLink(call, action)] } } };
}

export function listReservedIps(call: Call): Answer {
  const { state } = call.world;
  const { items, links, meta } = pageOf(call, state.reserved_ips);
  return { status: 200, body: { reserved_ips: items.map((reserved) => view(state, reserved)), links, meta } };
}

export function getReservedIp(call: Call): Answer {
  return { status: 200, body: { reserved_ip: view(call.world.state, find(call)) } };
}

export function deleteReservedIp(call: Call): Answer {
  const { ip } = find(call);
  refuseLocked(call.world.state, reservedIpUrn(ip));
  removeReservedIp(call.world.state, ip);
  return NO_CONTENT;
}

export function postReservedIpAction(call: Call): Answer {
  const reserved = find(call);
  const body = parseBody(call, actionBody);
  if (body.type === 'unassign' && reserved.droplet_id === null) throw unprocessable('The reserved IP is not assigned to a droplet.');
  const droplet_id = body.type === 'assign' ? assignable(call, reserved, body.droplet_id) : null;
  const action = startOn(call, reserved, { type: `${body.type}_ip`, droplet_id });
  return { status: 201, body: { action: { ...actionView(action), project_id: reserved.project_id } } };
}

export const listReservedIpActions = (call: Call): Answer => listActionsOn(call, reservedIpUrn(find(call).ip));

export function getReservedIpAction(call: Call): Answer {
  const { ip, project_id } = find(call);
  return { status: 200, body: { action: { ...actionView(getActionOn(call, reservedIpUrn(ip))), project_id } } };
}

export function removeReservedIp(state: State, ip: string): void {
  state.reserved_ips = state.reserved_ips.filter((reserved) => reserved.ip !== ip);
  countDestroyed(state, 'reserved_ip');
}

const createBody = z.union(
  [z.strictObject({ droplet_id: z.int() }), z.strictObject({ region: z.string(), project_id: z.uuid().optional() })],
  'either droplet_id, or region and project_id',
);

const actionBody = z.discriminatedUnion('type', [
  z.object({ type: z.literal('assign'), droplet_id: z.int() }),
  z.object({ type: z.literal('unassign') }),
]);

const DEFAULT_PROJECT = '4de7ac8b-495b-4884-9a69-1050c6793cd6';

function createFor(call: Call, dropletId: number): Answer {
  const { state } = call.world;
  const droplet = visibleDroplet(call, dropletId);
  refuseSecond(state, dropletId, null);
  const reserved = reserve(call, droplet.region, undefined);
  const action = startOn(call, reserved, { type: 'assign_ip', droplet_id: dropletId });
  const links = {
    droplets: [{ id: dropletId, rel: 'droplet', href: `${call.origin}/v2/droplets/${dropletId}` }],
    actions: [actionLink(call, action)],
  };
  return { status: 202, body: { reserved_ip: view(state, reserved), links } };
}

function reserve(call: Call, region: string, project_id = DEFAULT_PROJECT): ReservedIpRecord {
  const { state } = call.world;
  const reserved = { ip: freeAddress(state), region, project_id, droplet_id: null, created_at: call.now };
  state.reserved_ips.push(reserved);
  countCreated(state, 'reserved_ip');
  return reserved;
}

/** In the half of the range of RFC 2544 that droplets do not use. */
function freeAddress(state: State): string {
  const range = parseIpRange('198.18.0.0/16');
  if (range === null) throw new Error('expected 198.18.0.0/16 to be a network');
  let ip = addressAt(range, nextId(state));
  while (state.reserved_ips.some((reserved) => reserved.ip === ip)) ip = addressAt(range, nextId(state));
  return ip;
}

function assignable(call: Call, { ip, region }: ReservedIpRecord, dropletId: number): number {
  const droplet = visibleDroplet(call, dropletId);
  if (droplet.region !== region) throw unprocessable('The reserved IP and the droplet are not in the same region.');
  refuseSecond(call.world.state, dropletId, ip);
  return dropletId;
}

/** A droplet has one reserved IP; one that is on its way to it counts. */
function refuseSecond(state: State, dropletId: number, except: string | null): void {
  const assigned = state.reserved_ips.some(({ ip, droplet_id }) => ip !== except && droplet_id === dropletId);
  const coming = state.actions.some(
    ({ status, effect }) => status === 'in-progress' && effect.kind === 'assign' && effect.droplet_id === dropletId,
  );
  if (assigned || coming) throw unprocessable('The droplet already has a reserved IP.');
}

function startOn(call: Call, { ip, region }: ReservedIpRecord, what: { type: string; droplet_id: number | null }): ActionRecord {
  const { type, droplet_id } = what;
  const effect = { kind: 'assign', ip, droplet_id } as const;
  return startAction(call, { type, resource_type: 'reserved_ip', resource_id: null, region, locks: [reservedIpUrn(ip)], effect });
}

function view(state: State, { ip, region, project_id, droplet_id }: ReservedIpRecord): object {
  const droplet = state.droplets.find(({ id }) => id === droplet_id);
  const locked = isLocked(state, reservedIpUrn(ip));
  return { ip, region: regionView(region), droplet: droplet === undefined ? null : dropletView(state, droplet), locked, project_id };
}

function find(call: Call): ReservedIpRecord {
  const reserved = call.world.state.reserved_ips.find(({ ip }) => ip === param(call, 'ip'));
  if (reserved === undefined) throw notFound();
  return reserved;
}
