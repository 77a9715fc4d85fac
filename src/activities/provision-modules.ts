import { createResource } from '../cloud/create-protocol.ts';
import { deleteResource } from '../cloud/delete-protocol.ts';
import { deterministicName } from '../cloud/deterministic-name.ts';
import { waitActive } from '../cloud/wait-active.ts';
import type { Json } from '../contracts/ledger.ts';
import { refOf } from '../contracts/provision-expand.ts';
import type { ModuleName } from '../contracts/provision.ts';
import { attachVolume, detachVolume, undoAttachment } from './provision-attachment.ts';
import { pollMs, type ModuleWorld, type ProvisionModule } from './provision-module.ts';
import { powerDroplet } from './provision-power.ts';
import type { ProvisioningState } from './provision-state.ts';

/** Every module, by the name that steps give. */
export const PROVISION_MODULES: Readonly<Record<ModuleName, ProvisionModule>> = {
  create_vpc: { execute: (world, state) => create(world, state), compensate: remove },
  create_droplet: { execute: (world, state) => create(world, state), compensate: remove },
  create_volume: { execute: (world, state) => create(world, state), compensate: removeVolume },
  create_firewall: { execute: (world, state) => create(world, state), compensate: remove },
  create_reserved_ip: { execute: (world, state) => create(world, state), compensate: remove },
  attach_volume: { execute: attachVolume, compensate: undoAttachment },
  detach_volume: { execute: detachVolume },
  delete_vpc: { execute: remove },
  delete_droplet: { execute: remove },
  delete_volume: { execute: removeVolume },
  delete_snapshot: { execute: remove },
  delete_firewall: { execute: remove },
  delete_reserved_ip: { execute: remove },
  snapshot_volume: { execute: snapshot, compensate: remove },
  power_off_droplet: { execute: (world, state) => powerDroplet(world, state, 'off'), compensate: powerBack },
};

/** Types whose resources carry tags. */
const TAGGED: readonly string[] = ['droplet', 'volume', 'snapshot'];

async function create(world: ModuleWorld, state: ProvisioningState, spec: Json = state.getInput('spec') ?? {}): Promise<void> {
  const { urn, idempotency_key, saga_id, signal } = state;
  const [type = ''] = refOf(urn).split(':');
  const name = deterministicName(idempotency_key);
  const tag = TAGGED.includes(type) ? name : null;
  await createResource(world, { urn, type, name, tag, spec, idempotency_key, saga_id }, { gap_ms: world.gap_ms, signal });
  const { provider_id } = await waitActive(world, { urn }, { poll_ms: pollMs(world), signal });
  state.putOutput(refOf(urn), { urn, provider_id });
}

async function remove(world: ModuleWorld, { urn, signal }: ProvisioningState): Promise<void> {
  await deleteResource(world, { urn }, { gap_ms: world.gap_ms, delay_ms: pollMs(world), signal });
}

/** An attached volume cannot be deleted. */
async function removeVolume(world: ModuleWorld, state: ProvisioningState): Promise<void> {
  await detachVolume(world, state);
  await remove(world, state);
}

async function snapshot(world: ModuleWorld, state: ProvisioningState): Promise<void> {
  const urn = state.getInput('volume_urn');
  const volume = typeof urn === 'string' ? await world.ledger.find(urn) : undefined;
  await create(world, state, { volume_id: volume?.provider_id ?? null });
}

/** Only what the ledger saw running before the step. */
async function powerBack(world: ModuleWorld, state: ProvisioningState): Promise<void> {
  const row = await world.ledger.find(state.urn);
  const before = state.getOutput(`${refOf(state.urn)}:before`) ?? (row?.observed as { readonly status?: Json } | null)?.status;
  if (before === 'active') await powerDroplet(world, state, 'on');
}
