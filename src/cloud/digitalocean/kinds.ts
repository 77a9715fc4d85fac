import { z } from 'zod';
import { CloudError } from '../cloud-error.ts';
import type { DigitalOceanApi } from './api.ts';
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

const text = z.string().min(1);

const vpcSpec = z.strictObject({ region: text, ip_range: text.optional() });

export const vpcKind: Kind<z.infer<typeof vpcSpec>, Vpc> = {
  spec: vpcSpec,
  list: listVpcs,
  create: async (api, { name, spec }, signal) => {
    await refuseFirstVpc(api, spec.region, signal);
    return { item: await createVpc(api, { ...spec, name }, signal) };
  },
  get: getVpc,
  remove: deleteVpc,
  id: ({ id }) => id,
  status: () => 'active',
  is: ({ name }, sought) => same(name, sought.name),
};

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

const dropletSpec = z.strictObject({
  region: text,
  size: text,
  image: z.union([text, z.int()]),
  ssh_keys: z.array(z.union([text, z.int()])).optional(),
  vpc_uuid: text.optional(),
  user_data: z.string().max(65_536).optional(),
  monitoring: z.boolean().optional(),
  ipv6: z.boolean().optional(),
});

export const dropletKind: Kind<z.infer<typeof dropletSpec>, Droplet> = {
  spec: dropletSpec,
  list: listDroplets,
  create: async (api, { name, tags, spec }, signal) => {
    const { droplet, action_id } = await createDroplet(api, { ...spec, name, tags }, signal);
    return { item: droplet, action_id };
  },
  get: (api, id, signal) => getDroplet(api, Number(id), signal),
  remove: (api, id, signal) => deleteDroplet(api, Number(id), signal),
  id: ({ id }) => String(id),
  status: ({ status }) => (status === 'new' ? 'pending' : status === 'archive' ? 'failed' : 'active'),
  is: ({ name, tags }, sought) => same(name, sought.name) || carries(tags, sought.tag),
};

const volumeSpec = z.strictObject({
  region: text,
  size_gigabytes: z.int().min(1).max(16_384),
  snapshot_id: text.optional(),
  filesystem_type: z.enum(['ext4', 'xfs']).optional(),
});

export const volumeKind: Kind<z.infer<typeof volumeSpec>, Volume> = {
  spec: volumeSpec,
  list: listVolumes,
  create: async (api, { name, tags, spec }, signal) => ({ item: await createVolume(api, { ...spec, name, tags }, signal) }),
  get: getVolume,
  remove: deleteVolume,
  id: ({ id }) => id,
  status: () => 'active',
  is: ({ name, tags, region }, { name: wanted, tag, spec }) => (same(name, wanted) && region === spec.region) || carries(tags, tag),
};

const snapshotSpec = z.strictObject({ volume_id: text });

export const snapshotKind: Kind<z.infer<typeof snapshotSpec>, Snapshot> = {
  spec: snapshotSpec,
  list: listSnapshots,
  create: async (api, { name, tags, spec }, signal) => ({ item: await createVolumeSnapshot(api, { ...spec, name, tags }, signal) }),
  get: getSnapshot,
  remove: deleteSnapshot,
  id: ({ id }) => id,
  status: () => 'active',
  is: ({ name, tags }, sought) => same(name, sought.name) || carries(tags, sought.tag),
};

const firewallSpec = z.strictObject({
  droplet_ids: z.array(z.int()).optional(),
  tags: z.array(text).optional(),
  inbound_rules: z.array(z.json()).optional(),
  outbound_rules: z.array(z.json()).optional(),
});

/** Tags of the spec are those of the droplets behind it. */
export const firewallKind: Kind<z.infer<typeof firewallSpec>, Firewall> = {
  spec: firewallSpec,
  list: listFirewalls,
  create: async (api, { name, spec }, signal) => ({ item: await createFirewall(api, { ...spec, name }, signal) }),
  get: getFirewall,
  remove: deleteFirewall,
  id: ({ id }) => id,
  status: ({ status }) => (status === 'waiting' ? 'pending' : status === 'failed' ? 'failed' : 'active'),
  is: ({ name }, sought) => same(name, sought.name),
};

const reservedIpSpec = z.strictObject({ droplet_id: z.int().positive() });

/** A droplet has one at most, so that it is the key. */
export const reservedIpKind: Kind<z.infer<typeof reservedIpSpec>, ReservedIp> = {
  spec: reservedIpSpec,
  list: listReservedIps,
  create: async (api, { spec }, signal) => ({ item: await createReservedIp(api, spec.droplet_id, signal) }),
  get: getReservedIp,
  remove: deleteReservedIp,
  id: ({ ip }) => ip,
  status: ({ locked }) => (locked ? 'pending' : 'active'),
  is: ({ droplet_id }, { spec }) => droplet_id === spec.droplet_id,
};

const tagSpec = z.strictObject({});

export const tagKind: Kind<z.infer<typeof tagSpec>, Tag> = {
  spec: tagSpec,
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
