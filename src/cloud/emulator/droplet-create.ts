import { z } from 'zod';
import { actionLink, dropletUrn, refuseLocked, startAction, volumeUrn } from './actions.ts';
import type { Answer, Call } from './call.ts';
import { parseBody } from './call.ts';
import { findRegion, findSize, IMAGES, type Size } from './catalogue.ts';
import { dropletView } from './droplet-view.ts';
import { addressAt, parseIpRange } from './ip-range.ts';
import { unprocessable } from './problem.ts';
import type { ActionRecord, DropletRecord, State, VpcRecord } from './state.ts';
import { ensureTag, tagNames } from './tag-names.ts';
import { refuseTooManyVolumes } from './volume-actions.ts';
import { defaultVpc } from './vpcs.ts';
import { countCreated, nextId } from './world.ts';

/** Accepts one droplet (`name`) or up to ten (`names`). The 202 promises nothing: the action in `links` says what became of it. */
export function createDroplet(call: Call): Answer {
  const { state } = call.world;
  const body = parseBody(call, createBody);
  if ((body.name === undefined) === (body.names === undefined)) throw unprocessable('Either name or names is required.');
  const names = body.names ?? [body.name ?? ''];
  const order = check(call, body, names.length);
  const made = names.map((name) => accept(call, body, { ...order, name }));
  const links = { actions: made.map(({ action }) => actionLink(call, action)) };
  const views = made.map(({ droplet }) => dropletView(state, droplet));
  return { status: 202, body: body.names === undefined ? { droplet: views[0], links } : { droplets: views, links } };
}

const name = z
  .string()
  .max(255)
  .regex(/^[a-zA-Z0-9]?[a-z0-9A-Z.-]*[a-z0-9A-Z]$/, 'Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)');

const createBody = z.object({
  name: name.optional(),
  names: z.array(name).min(1).max(10).optional(),
  region: z.string().default('nyc3'),
  size: z.string(),
  image: z.union([z.string(), z.int()]),
  backups: z.boolean().default(false),
  tags: tagNames,
  user_data: z.string().max(65_536).optional(),
  volumes: z.array(z.string()).default([]),
  vpc_uuid: z.string().optional(),
});

type Body = z.infer<typeof createBody>;

interface Order {
  readonly size: Size;
  readonly vpc: VpcRecord;
}

/** Everything that makes the API refuse a create before it accepts it. */
function check(call: Call, body: Body, count: number): Order {
  const { state, limits } = call.world;
  if (state.droplets.length + count > limits.droplets) {
    throw unprocessable('creating this/these droplet(s) will exceed your droplet limit');
  }
  if (findRegion(body.region) === undefined) throw unprocessable('You specified an invalid region for Droplet creation.');
  const size = findSize(body.size);
  if (size === undefined) throw unprocessable('You specified an invalid size for Droplet creation.');
  if (!size.regions.includes(body.region)) throw unprocessable('Size is not available in this region.');
  if (!imageExists(state, body.image)) throw unprocessable('You specified an invalid image for Droplet creation.');
  checkVolumes(call, body, count);
  return { size, vpc: vpcFor(call, body) };
}

function imageExists(state: State, image: string | number): boolean {
  if (IMAGES[image] !== undefined) return true;
  return state.snapshots.some(({ id, resource_type }) => resource_type === 'droplet' && id === String(image));
}

function checkVolumes(call: Call, { volumes, region }: Body, count: number): void {
  const { state, limits } = call.world;
  if (volumes.length > 0 && count > 1) throw unprocessable('Volumes can be attached to one droplet only.');
  refuseTooManyVolumes(state, null, volumes.length, limits.volumes_per_droplet);
  for (const wanted of volumes) {
    const volume = state.volumes.find(({ id }) => id === wanted);
    if (volume === undefined || volume.region !== region) throw unprocessable(`Volume ${wanted} was not found in this region.`);
    if (volume.droplet_id !== null) throw unprocessable('This volume is already attached to a droplet.');
    refuseLocked(state, volumeUrn(wanted));
  }
}

function vpcFor(call: Call, { vpc_uuid, region }: Body): VpcRecord {
  const { state } = call.world;
  if (vpc_uuid === undefined) return defaultVpc(state, region, call.now);
  const vpc = state.vpcs.find(({ id }) => id === vpc_uuid);
  if (vpc === undefined) throw unprocessable('The VPC does not exist.');
  if (vpc.region !== region) throw unprocessable('The VPC is not in the same region as the droplet.');
  return vpc;
}

function accept(call: Call, body: Body, order: Order & { readonly name: string }): { droplet: DropletRecord; action: ActionRecord } {
  const { state, delays } = call.world;
  const droplet = newDroplet(call, body, order);
  state.droplets.push(droplet);
  countCreated(state, 'droplet');
  for (const volume of state.volumes) if (body.volumes.includes(volume.id)) volume.droplet_id = droplet.id;
  const action = startAction(call, {
    type: 'create',
    resource_type: 'droplet',
    resource_id: droplet.id,
    region: droplet.region,
    locks: [dropletUrn(droplet.id)],
    effect: { kind: 'activate', droplet_id: droplet.id },
    durationMs: delays.droplet_active_ms,
  });
  return { droplet, action };
}

function newDroplet(call: Call, body: Body, { name: wanted, size, vpc }: Order & { readonly name: string }): DropletRecord {
  const { state, delays } = call.world;
  const id = nextId(state);
  const at = call.now + delays.tag_lag_ms;
  const tags = body.tags.map((tag) => ensureTag(state, tag));
  return {
    id,
    name: wanted,
    status: 'new',
    size_slug: size.slug,
    disk: size.disk,
    image: body.image,
    region: body.region,
    vpc_id: vpc.id,
    tags: [],
    late_tags: tags.map((tag) => ({ name: tag, at })),
    backups: body.backups,
    ipv4: publicAddress(id),
    created_at: call.now,
    visible_at: call.fate === 'completes' ? call.now + delays.droplet_visible_ms : null,
  };
}

/** In the range that RFC 2544 keeps for tests. */
function publicAddress(id: number): string {
  const range = parseIpRange('198.19.0.0/16');
  if (range === null) throw new Error('expected 198.19.0.0/16 to be a network');
  return addressAt(range, 2 + (id % 65_000));
}
