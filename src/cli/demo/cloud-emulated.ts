import { randomBytes } from 'node:crypto';
import { listResources } from '../../client/provision/resources.ts';
import { createEmulator, type Emulator } from '../../cloud/emulator/create-emulator.ts';
import { seedDefaultVpcs } from '../../cloud/emulator/seed.ts';
import type { Env } from '../../config.ts';
import { say, type DemoStage } from './with-stack.ts';

/** A cloud for a demo, and what its worker is told of it. */
export interface DemoCloud {
  readonly emulator: Emulator;
  readonly env: Env;
}

/** Starts an emulator on a free port, as an account that is in use. */
export async function startCloud(): Promise<DemoCloud> {
  const emulator = await createEmulator();
  await seedDefaultVpcs(emulator);
  // Of its own each time, as the budget of calls is the token's: a demo that follows another need not wait.
  const token = `dop_v1_of_the_demo_${randomBytes(4).toString('hex')}`;
  const env = { CEREBROS_CLOUD_URL: emulator.url, CEREBROS_CLOUD_TOKEN: token, CEREBROS_CLOUD_GAP_MS: '1000' };
  return { emulator, env };
}

/** Prints what there is, in the emulator and by the ledger, and throws when they differ. `stacks` are those of the demo. */
export async function compareTruth({ cerebros }: DemoStage, { emulator }: DemoCloud, stacks: readonly string[]): Promise<void> {
  const truth = truthOf(emulator);
  const rows = (await Promise.all(stacks.map((stack) => listResources(cerebros, stack)))).flat();
  const ledger = rows.map(({ type, provider_id }) => `${type} ${provider_id}`).toSorted();
  say(`\n${emulator.url}/__truth: ${truth.length === 0 ? 'nothing' : truth.join(' · ')}`);
  say(`the ledger: ${ledger.length === 0 ? 'nothing' : ledger.join(' · ')}`);
  if (truth.join() !== ledger.join()) throw new Error('expected the ledger to have exactly what there is, they differ');
  say('The ledger has exactly what there is.');
}

/** `type id`, sorted, without the default VPCs. */
export function truthOf(emulator: Emulator): string[] {
  const { droplets, volumes, snapshots, vpcs, firewalls, reserved_ips } = emulator.truth().resources;
  return [
    ...droplets.map(({ id }) => `droplet ${id}`),
    ...volumes.map(({ id }) => `volume ${id}`),
    ...volumes.flatMap(({ id, droplet_id }) => (droplet_id === null ? [] : [`attachment ${id}:${droplet_id}`])),
    ...snapshots.map(({ id }) => `snapshot ${id}`),
    ...vpcs.filter((vpc) => !vpc.default).map(({ id }) => `vpc ${id}`),
    ...firewalls.map(({ id }) => `firewall ${id}`),
    ...reserved_ips.map(({ ip }) => `reserved_ip ${ip}`),
  ].toSorted();
}
