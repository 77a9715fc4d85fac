import { getAccount } from './account.ts';
import { getAction, listActions } from './actions.ts';
import type { Handler } from './call.ts';
import { createDroplet } from './droplet-create.ts';
import { getDropletAction, listDropletActions, postDropletAction } from './droplet-actions.ts';
import { deleteDroplet, getDroplet, listDropletFirewalls, listDroplets, listDropletSnapshots } from './droplets.ts';
import * as firewalls from './firewalls.ts';
import * as reservedIps from './reserved-ips.ts';
import { deleteSnapshot, getSnapshot, listSnapshots, listVolumeSnapshots } from './snapshots.ts';
import * as tags from './tags.ts';
import { getVolumeAction, listVolumeActions, postVolumeAction } from './volume-actions.ts';
import { createVolume, createVolumeSnapshot, deleteVolume, deleteVolumeByName, getVolume, listVolumes } from './volumes.ts';
import * as vpcs from './vpcs.ts';

/** Every operation that is emulated, as `METHOD /path/:parameter`. */
const HANDLERS: Readonly<Record<string, Handler>> = {
  'GET /v2/account': getAccount,
  'GET /v2/actions': listActions,
  'GET /v2/actions/:id': getAction,
  'POST /v2/droplets': createDroplet,
  'GET /v2/droplets': listDroplets,
  'GET /v2/droplets/:id': getDroplet,
  'DELETE /v2/droplets/:id': deleteDroplet,
  'POST /v2/droplets/:id/actions': postDropletAction,
  'GET /v2/droplets/:id/actions': listDropletActions,
  'GET /v2/droplets/:id/actions/:action_id': getDropletAction,
  'GET /v2/droplets/:id/snapshots': listDropletSnapshots,
  'GET /v2/droplets/:id/firewalls': listDropletFirewalls,
  'POST /v2/volumes': createVolume,
  'GET /v2/volumes': listVolumes,
  'DELETE /v2/volumes': deleteVolumeByName,
  'GET /v2/volumes/:id': getVolume,
  'DELETE /v2/volumes/:id': deleteVolume,
  'POST /v2/volumes/:id/actions': postVolumeAction,
  'GET /v2/volumes/:id/actions': listVolumeActions,
  'GET /v2/volumes/:id/actions/:action_id': getVolumeAction,
  'POST /v2/volumes/:id/snapshots': createVolumeSnapshot,
  'GET /v2/volumes/:id/snapshots': listVolumeSnapshots,
  'GET /v2/snapshots': listSnapshots,
  'GET /v2/snapshots/:id': getSnapshot,
  'DELETE /v2/snapshots/:id': deleteSnapshot,
  'POST /v2/vpcs': vpcs.createVpc,
  'GET /v2/vpcs': vpcs.listVpcs,
  'GET /v2/vpcs/:id': vpcs.getVpc,
  'PUT /v2/vpcs/:id': (call) => vpcs.updateVpc(call, vpcs.putBody),
  'PATCH /v2/vpcs/:id': (call) => vpcs.updateVpc(call, vpcs.patchBody),
  'DELETE /v2/vpcs/:id': vpcs.deleteVpc,
  'GET /v2/vpcs/:id/members': vpcs.listVpcMembers,
  'POST /v2/firewalls': firewalls.createFirewall,
  'GET /v2/firewalls': firewalls.listFirewalls,
  'GET /v2/firewalls/:id': firewalls.getFirewall,
  'PUT /v2/firewalls/:id': firewalls.updateFirewall,
  'DELETE /v2/firewalls/:id': firewalls.deleteFirewall,
  'POST /v2/firewalls/:id/droplets': firewalls.addFirewallDroplets,
  'DELETE /v2/firewalls/:id/droplets': firewalls.removeFirewallDroplets,
  'POST /v2/firewalls/:id/rules': firewalls.addFirewallRules,
  'DELETE /v2/firewalls/:id/rules': firewalls.removeFirewallRules,
  'POST /v2/reserved_ips': reservedIps.createReservedIp,
  'GET /v2/reserved_ips': reservedIps.listReservedIps,
  'GET /v2/reserved_ips/:ip': reservedIps.getReservedIp,
  'DELETE /v2/reserved_ips/:ip': reservedIps.deleteReservedIp,
  'POST /v2/reserved_ips/:ip/actions': reservedIps.postReservedIpAction,
  'GET /v2/reserved_ips/:ip/actions': reservedIps.listReservedIpActions,
  'GET /v2/reserved_ips/:ip/actions/:action_id': reservedIps.getReservedIpAction,
  'POST /v2/tags': tags.createTag,
  'GET /v2/tags': tags.listTags,
  'GET /v2/tags/:name': tags.getTag,
  'DELETE /v2/tags/:name': tags.deleteTag,
  'POST /v2/tags/:name/resources': tags.tagResources,
  'DELETE /v2/tags/:name/resources': tags.untagResources,
};

/** `METHOD /path/:parameter` of every operation. */
export const ROUTES: readonly string[] = Object.keys(HANDLERS);

export interface Match {
  /** As in {@link ROUTES}, without its method. */
  readonly route: string;
  readonly handle: Handler;
  readonly params: Readonly<Record<string, string>>;
}

/** The operation of a request; null when it is not emulated. */
export function findRoute(method: string, path: string): Match | null {
  const parts = path.split('/');
  for (const { route, pattern, handle } of TABLE.get(method) ?? []) {
    const params = matchParts(pattern, parts);
    if (params !== null) return { route, handle, params };
  }
  return null;
}

interface Row {
  readonly route: string;
  readonly pattern: readonly string[];
  readonly handle: Handler;
}

const TABLE = new Map<string, readonly Row[]>();
for (const [name, handle] of Object.entries(HANDLERS)) {
  const [method = '', route = ''] = name.split(' ');
  TABLE.set(method, [...(TABLE.get(method) ?? []), { route, pattern: route.split('/'), handle }]);
}

function matchParts(pattern: readonly string[], parts: readonly string[]): Record<string, string> | null {
  if (pattern.length !== parts.length) return null;
  const params: Record<string, string> = {};
  for (const [at, wanted] of pattern.entries()) {
    const part = parts[at] ?? '';
    if (wanted.startsWith(':')) params[wanted.slice(1)] = decoded(part);
    else if (wanted !== part) return null;
  }
  return params;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
