import { CloudError } from '../cloud/cloud-error.ts';
import { actOnDroplet, type DropletAction } from '../cloud/digitalocean/droplet-actions.ts';
import { replaceFirewall, type NewFirewall } from '../cloud/digitalocean/firewalls.ts';
import { assignReservedIp } from '../cloud/digitalocean/reserved-ips.ts';
import { createTag, tagResources, untagResources, type TaggedResource } from '../cloud/digitalocean/tags.ts';
import { actOnVolume } from '../cloud/digitalocean/volume-actions.ts';
import { renameVpc } from '../cloud/digitalocean/vpcs.ts';
import { fieldDiffs } from '../cloud/drift.ts';
import type { ProvisionedResource } from '../contracts/cloud.ts';
import type { FieldDiff } from '../contracts/drift.ts';
import type { Json } from '../contracts/ledger.ts';
import { actUntilDone, refuseLocked } from './provision-action.ts';
import type { ModuleWorld } from './provision-module.ts';

/** A resource that is there, and what of it is not as it is meant to be. */
interface Differing {
  readonly row: ProvisionedResource;
  readonly provider_id: string;
  readonly observed: { readonly [key: string]: Json };
  readonly signal: AbortSignal;
}

type Change = (world: ModuleWorld, diff: FieldDiff, at: Differing) => Promise<void>;

export interface ConvergeOptions {
  readonly signal: AbortSignal;
  /** The fields that may differ at first. Default: all. */
  readonly only?: readonly string[] | undefined;
}

/** A resize takes three: off, resize, on. */
const ROUNDS_MAX = 12;

/**
 * Makes a resource that is there as its row means it, one field after the other, and notes how it then is. It does only what differs,
 * so it may be called again, killed anywhere. Throws `CloudError`: `RESOURCE_VANISHED`, `WORLD_MOVED` when a field differs that is not
 * among `only`, `CANNOT_CHANGE` when one differs that nobody can change, `SPEC_MOVED` when it is meant otherwise meanwhile, `LOCKED` and
 * `NOT_SETTLED`, which may be tried again.
 */
export async function converge(world: ModuleWorld, row: ProvisionedResource, { signal, only }: ConvergeOptions): Promise<void> {
  const { urn, type, provider_id, spec_version } = row;
  if (provider_id === null) throw failure('RESOURCE_VANISHED', `${urn} is not there: expected one to change`);
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const seen = await world.port.get({ type, provider_id, observed: row.observed }, signal);
    if (!seen) throw failure('RESOURCE_VANISHED', `${urn} (${provider_id}) is not there: expected one to change`);
    // What it is to become is not seen yet.
    if (seen.observed['locked'] === true) refuseLocked({ id: Number(provider_id), locked: true });
    const diffs = fieldDiffs(row, seen.observed).toSorted((a, b) => orderOf(a) - orderOf(b));
    if (only) refuseOthers(urn, diffs, only);
    const [diff] = diffs;
    if (!diff) return void (await world.ledger.markActive({ urn, provider_id, observed: seen.observed }));
    const change = CHANGES[type]?.[diff.field];
    if (!change)
      throw failure(
        'CANNOT_CHANGE',
        `${urn}: ${diff.field} is ${text(diff.actual)}, expected ${text(diff.desired)}; nobody can change it: delete it and make it anew`,
      );
    await change(world, diff, { row, provider_id, observed: seen.observed, signal });
    const now = await world.ledger.find(urn);
    if (now?.state !== 'active' || now.spec_version !== spec_version)
      throw failure('SPEC_MOVED', `${urn} is meant otherwise by now: expected version ${spec_version}`);
  }
  throw new CloudError('NOT_SETTLED', `${urn} still is not as it is meant to be after ${ROUNDS_MAX} changes; try again`, {
    outcome: 'refused',
    retryable: true,
  });
}

/** What was not agreed on stays; that a resize switches the droplet off is part of it. */
function refuseOthers(urn: string, diffs: readonly FieldDiff[], only: readonly string[]): void {
  const agreed = only.includes('size') ? [...only, 'power'] : only;
  const other = diffs.find(({ field }) => !agreed.includes(field));
  if (other)
    throw failure(
      'WORLD_MOVED',
      `${urn}: ${other.field} is ${text(other.actual)}, expected ${text(other.desired)} as when it was planned; plan again`,
    );
}

/** The size before the power, which it needs off. */
const ORDER: readonly string[] = ['size', 'size_gigabytes', 'name', 'tags', 'power'];

function orderOf({ field }: FieldDiff): number {
  return ORDER.indexOf(field);
}

const CHANGES: Readonly<Record<string, Readonly<Record<string, Change>>>> = {
  droplet: {
    size: resizeDroplet,
    name: (world, { desired }, at) => onDroplet(world, at, { type: 'rename', name: text(desired) }),
    tags: retag('droplet'),
    power: (world, { desired }, at) => onDroplet(world, at, { type: desired === 'off' ? 'power_off' : 'power_on' }),
  },
  volume: { size_gigabytes: growVolume, tags: retag('volume') },
  vpc: {
    name: async (world, { desired }, { provider_id, signal }) =>
      void (await renameVpc(world.api, { id: provider_id, name: text(desired), signal })),
  },
  firewall: Object.fromEntries(['name', 'droplet_ids', 'tags', 'inbound_rules', 'outbound_rules'].map((field) => [field, rewriteFirewall])),
  reserved_ip: {
    droplet_id: (world, { desired }, { provider_id, signal }) =>
      actUntilDone(world, () => assignReservedIp(world.api, { ip: provider_id, droplet_id: Number(desired), signal }), signal),
  },
};

async function onDroplet(world: ModuleWorld, { provider_id, signal }: Differing, action: DropletAction): Promise<void> {
  await actUntilDone(world, () => actOnDroplet(world.api, { droplet_id: Number(provider_id), action, signal }), signal);
}

/** Its disk stays as it is: a larger one could not be taken back. */
async function resizeDroplet(world: ModuleWorld, { desired }: FieldDiff, at: Differing): Promise<void> {
  const running = at.observed['status'] === 'active';
  await onDroplet(world, at, running ? { type: 'power_off' } : { type: 'resize', size: text(desired), disk: false });
}

async function growVolume(world: ModuleWorld, { desired, actual }: FieldDiff, { row, provider_id, signal }: Differing): Promise<void> {
  const size_gigabytes = Number(desired);
  if (size_gigabytes < Number(actual)) {
    throw failure(
      'CANNOT_CHANGE',
      `${row.urn} has ${text(actual)} GB, expected ${size_gigabytes}: a volume cannot be made smaller; mean it as large as it is`,
    );
  }
  const region = (row.desired_spec as { readonly region: string }).region;
  await actUntilDone(
    world,
    () => actOnVolume(world.api, { volume_id: provider_id, action: { type: 'resize', size_gigabytes, region }, signal }),
    signal,
  );
}

function retag(resource_type: TaggedResource['resource_type']): Change {
  return async ({ api }, { desired, actual }, { provider_id, signal }) => {
    const resources = [{ resource_id: provider_id, resource_type }];
    for (const tag of without(desired, actual)) {
      const give = (): Promise<void> => tagResources(api, { tag, resources, signal });
      await give().catch(async (error: unknown) => {
        // It may have been deleted as a whole.
        if (!(error instanceof CloudError) || error.code !== 'NOT_FOUND') throw error;
        await createTag(api, { name: tag }, signal);
        await give();
      });
    }
    for (const tag of without(actual, desired)) await untagResources(api, { tag, resources, signal });
  };
}

function without(all: Json, known: Json): string[] {
  return (all as string[]).filter((one) => !(known as string[]).includes(one));
}

async function rewriteFirewall({ api }: ModuleWorld, _diff: FieldDiff, { row, provider_id, signal }: Differing): Promise<void> {
  const { name = row.name, ...body } = row.desired_spec as Partial<NewFirewall>;
  await replaceFirewall(api, { id: provider_id, body: { ...body, name }, signal });
}

function text(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function failure(code: string, message: string): CloudError {
  return new CloudError(code, message, { outcome: 'refused', retryable: false });
}
