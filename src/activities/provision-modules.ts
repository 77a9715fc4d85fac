import { CloudError } from '../cloud/cloud-error.ts';
import { createResource } from '../cloud/create-protocol.ts';
import { deleteResource, keepResource } from '../cloud/delete-protocol.ts';
import { deterministicName } from '../cloud/deterministic-name.ts';
import { waitActive } from '../cloud/wait-active.ts';
import type { Json } from '../contracts/ledger.ts';
import { refOf } from '../contracts/provision-expand.ts';
import type { CloudModuleName } from '../contracts/provision.ts';
import { freeVolume } from './provision-attachment.ts';
import { converge } from './provision-converge.ts';
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
  snapshot_droplet: making(snapshotSpec('droplet')),
  detach_volume: { execute: remove, compensate: keepResource },
  delete_vpc: { execute: remove, compensate: keepResource },
  delete_droplet: { execute: remove, compensate: keepResource },
  delete_volume: { execute: removeVolume, compensate: keepResource },
  delete_snapshot: { execute: remove, compensate: keepResource },
  delete_firewall: { execute: remove, compensate: keepResource },
  delete_reserved_ip: { execute: remove, compensate: keepResource },
};

/** Types whose resources carry tags. */
const TAGGED: readonly string[] = ['droplet', 'volume', 'snapshot'];

type SpecOf = (world: ModuleWorld, state: ProvisioningState) => Promise<Json>;

function making(specOf: SpecOf = givenSpec): ProvisionModule {
  return { execute: (world, state) => create(world, state, specOf), compensate: remove };
}

async function create(world: ModuleWorld, state: ProvisioningState, specOf: SpecOf = givenSpec): Promise<void> {
  const { urn, idempotency_key, saga_id, signal } = state;
  const spec = await specOf(world, state);
  const [type = ''] = refOf(urn).split(':');
  const name = deterministicName(idempotency_key);
  const tag = TAGGED.includes(type) ? name : null;
  await createResource(world, { urn, type, name, tag, spec, idempotency_key, saga_id }, { gap_ms: world.gap_ms, signal });
  const { provider_id } = await waitActive(world, { urn }, { poll_ms: pollMs(world), signal });
  const row = asksForMore(spec) ? await world.ledger.find(urn) : undefined;
  if (row) await converge(world, row, signal);
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

async function remove(world: ModuleWorld, state: ProvisioningState): Promise<void> {
  const { urn, saga_id, signal } = state;
  if (state.getInput('gone') === true) await refuseLiving(world, state);
  await deleteResource(world, { urn, saga_id }, { gap_ms: world.gap_ms, delay_ms: pollMs(world), signal });
}

/** The input `gone` says that it was deleted outside. */
async function refuseLiving({ ledger, port }: ModuleWorld, { urn, signal }: ProvisioningState): Promise<void> {
  const row = await ledger.find(urn);
  if (row?.state !== 'active' || row.provider_id === null) return;
  const { type, provider_id, observed } = row;
  if (!(await port.get({ type, provider_id, observed }, signal))) return;
  const message = `${urn} (${provider_id}) is there again: expected it to be gone; plan again`;
  throw new CloudError('WORLD_MOVED', message, { outcome: 'refused', retryable: false });
}

async function removeVolume(world: ModuleWorld, state: ProvisioningState): Promise<void> {
  if (state.getInput('gone') !== true) await freeVolume(world, state);
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
