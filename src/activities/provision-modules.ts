import { createResource } from '../cloud/create-protocol.ts';
import { deleteResource, keepResource } from '../cloud/delete-protocol.ts';
import { deterministicName } from '../cloud/deterministic-name.ts';
import { waitActive } from '../cloud/wait-active.ts';
import type { Json } from '../contracts/ledger.ts';
import { refOf } from '../contracts/provision-expand.ts';
import type { CloudModuleName } from '../contracts/provision.ts';
import { waitUnlocked } from './provision-action.ts';
import { freeVolume } from './provision-attachment.ts';
import { converge } from './provision-converge.ts';
import { beforeIn, refuseMoved } from './provision-before.ts';
import { pollMs, type ModuleWorld, type ProvisionModule } from './provision-module.ts';
import type { ProvisioningState } from './provision-state.ts';
import { byField, bySpec, growing, updating } from './provision-update.ts';

/** Every module that calls the provider, by the name that steps give. */
export const PROVISION_MODULES: Readonly<Record<CloudModuleName, ProvisionModule>> = {
  create_vpc: making(),
  create_droplet: making(),
  create_volume: { execute: create, compensate: removeVolume },
  create_firewall: making(),
  create_reserved_ip: making(),
  attach_volume: making(),
  update_vpc: bySpec,
  update_droplet: bySpec,
  update_volume: growing(bySpec),
  update_firewall: bySpec,
  update_reserved_ip: bySpec,
  power_off_droplet: updating((spec) => ({ ...spec, power: 'off' })),
  power_on_droplet: updating(({ power: _power, ...spec }) => spec),
  resize_droplet: byField('size'),
  rename_droplet: byField('name'),
  resize_volume: growing(byField('size_gigabytes')),
  snapshot_volume: making(snapshotSpec('volume')),
  snapshot_droplet: { execute: snapshotDroplet, compensate: removeSnapshot },
  detach_volume: { execute: removePlanned, compensate: keepAttachment },
  delete_vpc: { execute: removePlanned, compensate: keep },
  delete_droplet: { execute: removePlanned, compensate: keep },
  delete_volume: { execute: (world, state) => removePlanned(world, state, removeVolume), compensate: keep },
  delete_snapshot: { execute: removePlanned, compensate: keep },
  delete_firewall: { execute: removePlanned, compensate: keep },
  delete_reserved_ip: { execute: removePlanned, compensate: keep },
};

/** Types whose resources carry tags. */
const TAGGED: readonly string[] = ['droplet', 'volume', 'snapshot'];

/** Types that the provider gives no name. */
const UNNAMED: readonly string[] = ['reserved_ip', 'attachment'];

type SpecOf = (world: ModuleWorld, state: ProvisioningState) => Promise<Json>;

function making(specOf: SpecOf = givenSpec): ProvisionModule {
  return { execute: (world, state) => create(world, state, specOf), compensate: remove };
}

async function create(world: ModuleWorld, state: ProvisioningState, specOf: SpecOf = givenSpec): Promise<void> {
  const { urn, idempotency_key, saga_id, signal } = state;
  const spec = await specOf(world, state);
  const [type = ''] = refOf(urn).split(':');
  // Found by the droplet they belong to, they may be anybody's: only a name that nobody else has tells that they are ours.
  const name = UNNAMED.includes(type) ? refOf(urn) : deterministicName(idempotency_key);
  const tag = TAGGED.includes(type) ? name : null;
  await createResource(world, { urn, type, name, tag, spec, idempotency_key, saga_id }, { gap_ms: world.gap_ms, signal });
  const { provider_id } = await waitActive(world, { urn }, { poll_ms: pollMs(world), signal });
  const row = asksForMore(spec) ? await world.ledger.find(urn) : undefined;
  if (row) await converge(world, row, { signal });
  state.putOutput(refOf(urn), { urn, provider_id });
}

async function givenSpec(_world: ModuleWorld, state: ProvisioningState): Promise<Json> {
  return state.getInput('spec') ?? {};
}

/** What no POST can ask for: it is made, and then changed. */
function asksForMore(spec: Json): boolean {
  const { name, power } = (spec ?? {}) as { readonly name?: Json; readonly power?: Json };
  return name !== undefined || power === 'off';
}

async function remove(world: ModuleWorld, { urn, saga_id, signal }: ProvisioningState): Promise<void> {
  await deleteResource(world, { urn, saga_id }, { gap_ms: world.gap_ms, delay_ms: pollMs(world), signal });
}

async function removeVolume(world: ModuleWorld, state: ProvisioningState): Promise<void> {
  await freeVolume(world, state);
  await remove(world, state);
}

/** Only as it was when it was planned, when the step says how. */
async function removePlanned(world: ModuleWorld, state: ProvisioningState, removal = remove): Promise<void> {
  const before = beforeIn(state);
  if (before) await refuseMoved(world, state, before);
  await (before?.gone ? remove : removal)(world, state);
}

async function keep(world: ModuleWorld, state: ProvisioningState): Promise<void> {
  const { urn, saga_id, signal } = state;
  await keepResource(world, { urn, saga_id, was: beforeIn(state) }, { signal });
}

/** Until an action that is under way has ended, it looks attached. */
async function keepAttachment(world: ModuleWorld, state: ProvisioningState): Promise<void> {
  const row = await world.ledger.find(state.urn);
  const { droplet_id } = (row?.desired_spec ?? {}) as { readonly droplet_id?: number };
  if (droplet_id !== undefined) await waitUnlocked(world, droplet_id, state.signal);
  await keep(world, state);
}

/** Nothing else may be under way; and what an unanswered POST has begun is found once it has ended. */
async function snapshotDroplet(world: ModuleWorld, state: ProvisioningState): Promise<void> {
  const { droplet_id } = (await snapshotSpec('droplet')(world, state)) as { readonly droplet_id: number };
  await waitUnlocked(world, droplet_id, state.signal);
  await create(world, state, () => Promise.resolve({ droplet_id }));
}

async function removeSnapshot(world: ModuleWorld, state: ProvisioningState): Promise<void> {
  const row = await world.ledger.find(state.urn);
  const { droplet_id } = (row?.desired_spec ?? {}) as { readonly droplet_id?: number };
  if (droplet_id !== undefined && row?.provider_id === null) await waitUnlocked(world, droplet_id, state.signal);
  await remove(world, state);
}

/** Of what the input `volume_urn` or `droplet_urn` names. */
function snapshotSpec(type: 'volume' | 'droplet'): SpecOf {
  return async ({ ledger }, state) => {
    const urn = state.getInput(`${type}_urn`);
    const id = (typeof urn === 'string' ? await ledger.find(urn) : undefined)?.provider_id ?? null;
    return { [`${type}_id`]: type === 'droplet' && id !== null ? Number(id) : id };
  };
}
