import type { z } from 'zod';
import { RESOURCE_SPECS } from '../../contracts/resource-specs.ts';
import { CloudError } from '../cloud-error.ts';
import type { DigitalOceanApi } from './api.ts';
import { attach, attachmentId, detach, getAttachment, listAttachments } from './attachments.ts';
import type { Attachment } from './attachments.ts';
import { actOnDroplet } from './droplet-actions.ts';
import { createDroplet, deleteDroplet, getDroplet, listDroplets } from './droplets.ts';
import type { Droplet } from './droplets.ts';
import { createFirewall, deleteFirewall, getFirewall, listFirewalls } from './firewalls.ts';
import type { Firewall } from './firewalls.ts';
import type { Kind } from './kind.ts';
import { createReservedIp, deleteReservedIp, getReservedIp, listReservedIps } from './reserved-ips.ts';
import type { ReservedIp } from './reserved-ips.ts';
import { createVolumeSnapshot, deleteSnapshot, getSnapshot, listSnapshots } from './snapshots.ts';
import type { Snapshot } from './snapshots.ts';
import { createTag, deleteTag, getTag, listTags } from './tags.ts';
import type { Tag } from './tags.ts';
import { createVolume, deleteVolume, getVolume, listVolumes } from './volumes.ts';
import type { Volume } from './volumes.ts';
import { createVpc, deleteVpc, getVpc, listVpcs } from './vpcs.ts';
import type { Vpc } from './vpcs.ts';

type SpecOf<T extends keyof typeof RESOURCE_SPECS> = z.infer<(typeof RESOURCE_SPECS)[T]>;

export const vpcKind: Kind<SpecOf<'vpc'>, Vpc> = {
  spec: RESOURCE_SPECS.vpc,
  list: listVpcs,
  check: async (api, { region }, signal) => await refuseFirstVpc(api, region, signal),
  create: async (api, { name, spec }, signal) => {
    const { region, ip_range } = spec;
    return { item: await createVpc(api, { region, ip_range, name }, signal).catch((error: unknown) => rethrowRange(error, ip_range)) };
  },
  get: getVpc,
  remove: deleteVpc,
  id: ({ id }) => id,
  status: () => 'active',
  is: ({ name }, sought) => same(name, sought.name),
};

/** A range that the provider chose itself can only overlap because another VPC was being made at that moment. */
function rethrowRange(error: unknown, ip_range: string | undefined): never {
  if (ip_range !== undefined || !(error instanceof CloudError) || !/overlap/i.test(error.message)) throw error;
  throw new CloudError('RANGE_TAKEN', error.message, { outcome: 'refused', retryable: true, cause: error });
}

/** The first VPC of a region becomes its default, which nobody can delete any more. */
async function refuseFirstVpc(api: DigitalOceanApi, region: string, signal?: AbortSignal): Promise<void> {
  const vpcs = await listVpcs(api, signal);
  if (vpcs.some((vpc) => vpc.default && vpc.region === region)) return;
  const message = `Expected a default VPC in ${region}, found none: this one would become it, and a default cannot be deleted.`;
  throw new CloudError('NO_DEFAULT_VPC', `${message} Make a VPC there by hand first, or take another region`, {
    outcome: 'refused',
    retryable: false,
  });
}

export const dropletKind: Kind<SpecOf<'droplet'>, Droplet> = {
  spec: RESOURCE_SPECS.droplet,
  list: listDroplets,
  create: async (api, { name, tags, spec: { power: _power, ...spec } }, signal) => {
    const { droplet, action_id } = await createDroplet(api, { ...spec, name, tags }, signal);
    return { item: droplet, action_id };
  },
  get: (api, id, signal) => getDroplet(api, Number(id), signal),
  remove: (api, id, signal) => deleteDroplet(api, Number(id), signal),
  id: ({ id }) => String(id),
  status: ({ status }) => (status === 'new' ? 'pending' : status === 'archive' ? 'failed' : 'active'),
  is: ({ name, tags }, sought) => same(name, sought.name) || carries(tags, sought.tag),
};

export const volumeKind: Kind<SpecOf<'volume'>, Volume> = {
  spec: RESOURCE_SPECS.volume,
  list: listVolumes,
  create: async (api, { name, tags, spec }, signal) => ({ item: await createVolume(api, { ...spec, name, tags }, signal) }),
  get: getVolume,
  remove: deleteVolume,
  id: ({ id }) => id,
  status: () => 'active',
  is: ({ name, tags, region }, { name: wanted, tag, spec }) => (same(name, wanted) && region === spec.region) || carries(tags, tag),
};

/** A volume is at one droplet at most, so that both are the key. */
export const attachmentKind: Kind<SpecOf<'attachment'>, Attachment> = {
  spec: RESOURCE_SPECS.attachment,
  list: listAttachments,
  create: async (api, { spec }, signal) => {
    const { attachment, action_id } = await attach(api, spec, signal);
    return { item: attachment, action_id };
  },
  get: getAttachment,
  remove: detach,
  id: attachmentId,
  status: () => 'active',
  is: ({ volume_id, droplet_id }, { spec }) => volume_id === spec.volume_id && droplet_id === spec.droplet_id,
};

export const snapshotKind: Kind<SpecOf<'snapshot'>, Snapshot> = {
  spec: RESOURCE_SPECS.snapshot,
  list: listSnapshots,
  create: async (api, { name, tags, spec }, signal) => {
    if ('volume_id' in spec) return { item: await createVolumeSnapshot(api, { ...spec, name, tags }, signal) };
    return await snapshotDroplet(api, { ...spec, name }, signal);
  },
  get: getSnapshot,
  remove: deleteSnapshot,
  id: ({ id }) => id,
  status: () => 'active',
  is: ({ name, tags }, sought) => same(name, sought.name) || carries(tags, sought.tag),
};

/** An action of the droplet, which tells no id: what it makes is looked for by its name, as after a POST without an answer. */
async function snapshotDroplet(
  api: DigitalOceanApi,
  { droplet_id, name: snapshot }: { readonly droplet_id: number; readonly name: string },
  signal?: AbortSignal,
): Promise<never> {
  const { id } = await actOnDroplet(api, { droplet_id, action: { type: 'snapshot', name: snapshot }, signal });
  throw new CloudError('SNAPSHOT_GOING', `action ${id} makes snapshot ${snapshot}`, { outcome: 'unknown', retryable: true });
}

/** Tags of the spec are those of the droplets behind it. */
export const firewallKind: Kind<SpecOf<'firewall'>, Firewall> = {
  spec: RESOURCE_SPECS.firewall,
  list: listFirewalls,
  create: async (api, { name, spec }, signal) => ({ item: await createFirewall(api, { ...spec, name }, signal) }),
  get: getFirewall,
  remove: deleteFirewall,
  id: ({ id }) => id,
  status: ({ status }) => (status === 'waiting' ? 'pending' : status === 'failed' ? 'failed' : 'active'),
  is: ({ name }, sought) => same(name, sought.name),
};

/** A droplet has one at most, so that it is the key. */
export const reservedIpKind: Kind<SpecOf<'reserved_ip'>, ReservedIp> = {
  spec: RESOURCE_SPECS.reserved_ip,
  list: listReservedIps,
  create: async (api, { spec }, signal) => ({ item: await createReservedIp(api, spec.droplet_id, signal) }),
  get: getReservedIp,
  remove: deleteReservedIp,
  id: ({ ip }) => ip,
  status: ({ locked }) => (locked ? 'pending' : 'active'),
  is: ({ droplet_id }, { spec }) => droplet_id === spec.droplet_id,
};

export const tagKind: Kind<SpecOf<'tag'>, Tag> = {
  spec: RESOURCE_SPECS.tag,
  list: listTags,
  create: async (api, { name }, signal) => ({ item: await createTag(api, { name }, signal) }),
  get: getTag,
  remove: deleteTag,
  id: ({ name }) => name,
  status: () => 'active',
  is: ({ name }, sought) => same(name, sought.name),
};

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function carries(tags: readonly string[], tag: string | null): boolean {
  return tag !== null && tags.some((one) => same(one, tag));
}
