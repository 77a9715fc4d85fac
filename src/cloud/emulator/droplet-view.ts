import { dropletUrn, isLocked } from './actions.ts';
import { diskInfo, findSize, gpuInfo, IMAGES, regionView, SIZES, sizeView, type Size } from './catalogue.ts';
import { addressAt, parseIpRange } from './ip-range.ts';
import type { DropletRecord, State } from './state.ts';
import { isoTime } from './world.ts';

/** A droplet as the API writes it. */
export function dropletView(state: State, droplet: DropletRecord): object {
  const { id, name, status, size_slug, disk, region, vpc_id, tags, backups, created_at } = droplet;
  const size = sizeOf(size_slug);
  return {
    id,
    name,
    memory: size.memory,
    vcpus: size.vcpus,
    disk,
    disk_info: diskInfo(disk),
    locked: isLocked(state, dropletUrn(id)),
    status,
    kernel: null,
    created_at: isoTime(created_at),
    features: [...(backups ? ['backups'] : []), 'private_networking'],
    backup_ids: [],
    next_backup_window: null,
    snapshot_ids: snapshotsOf(state, id).map((snapshot) => Number(snapshot.id)),
    image: imageView(state, droplet),
    volume_ids: state.volumes.filter(({ droplet_id }) => droplet_id === id).map((volume) => volume.id),
    size: sizeView(size),
    size_slug,
    networks: status === 'new' ? { v4: [], v6: [] } : networks(state, droplet),
    region: regionView(region),
    tags,
    vpc_uuid: vpc_id,
    ...gpuInfo(size),
  };
}

export function snapshotsOf(state: State, dropletId: number): State['snapshots'] {
  return state.snapshots.filter(({ resource_type, resource_id }) => resource_type === 'droplet' && resource_id === String(dropletId));
}

export function isGpu({ size_slug }: DropletRecord): boolean {
  return sizeOf(size_slug).gpu !== null;
}

/** Sizes are checked when they come in; a state file of another release may name one that is gone. */
function sizeOf(slug: string): Size {
  const size = findSize(slug) ?? SIZES[0];
  if (size === undefined) throw new Error('expected sizes in the catalogue, found none');
  return size;
}

function imageView(state: State, { image, created_at, region }: DropletRecord): object {
  const base = IMAGES[image];
  const common = { regions: [region], created_at: isoTime(created_at), tags: [], status: 'available', error_message: '' };
  if (base !== undefined) {
    const { id, name, distribution } = base;
    const sizes = { min_disk_size: 7, size_gigabytes: 0.66, description: `${distribution} ${name}` };
    return { id, name, distribution, slug: image, type: 'base', public: true, ...sizes, ...common };
  }
  const snapshot = state.snapshots.find(({ id }) => id === String(image));
  const sizes = { min_disk_size: snapshot?.min_disk_size ?? 7, size_gigabytes: snapshot?.size_gigabytes ?? 0.66, description: '' };
  const name = snapshot?.name ?? String(image);
  return { id: Number(image), name, distribution: 'Ubuntu', slug: null, type: 'snapshot', public: false, ...sizes, ...common };
}

function networks(state: State, droplet: DropletRecord): object {
  const vpc = state.vpcs.find(({ id }) => id === droplet.vpc_id);
  const range = parseIpRange(vpc?.ip_range ?? '10.0.0.0/20');
  const own = range === null ? '10.0.0.2' : addressAt(range, 2 + droplet.id);
  return {
    v4: [
      { ip_address: own, netmask: '255.255.240.0', gateway: '', type: 'private' },
      { ip_address: droplet.ipv4, netmask: '255.255.240.0', gateway: '198.19.0.1', type: 'public' },
    ],
    v6: [],
  };
}
