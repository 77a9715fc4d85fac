import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkDrift } from '../../src/client/drift.ts';
import type { Restore } from '../../src/client/provision/restore.ts';
import { showRun } from '../../src/client/show.ts';
import type { DriftVerdict } from '../../src/contracts/drift.ts';
import { exampleStack, startProvisionWorld, type ProvisionWorld } from '../support/provision-world.ts';
import { RECONCILING } from '../support/reconcile-world.ts';
import { until } from '../support/until.ts';

// What is put right again: by the reconciler by itself, by people who agree to it.

let world: ProvisionWorld;
beforeAll(async () => {
  world = await startProvisionWorld('dop_v1_of_the_repair_test_only', undefined, RECONCILING);
});
afterAll(() => world.stop());
beforeEach(async () => {
  world.cloud.clearFaults();
  await world.fillBudget();
});

/** Makes a droplet that is none of ours. */
async function foreignDroplet(name: string): Promise<string> {
  const headers = { authorization: 'Bearer dop_v1_of_somebody_else_here', 'content-type': 'application/json' };
  const body = JSON.stringify({ name, region: 'fra1', size: 's-1vcpu-1gb', image: 'debian-12-x64' });
  const answer = await fetch(`${world.cloud.url}/v2/droplets`, { method: 'POST', headers, body });
  return `droplet ${((await answer.json()) as { droplet: { id: number } }).droplet.id}`;
}

describe('a run that was terminated in Temporal in the middle', () => {
  it('is taken back by itself within a cycle, and a droplet with a similar name stays', async () => {
    world.cloud.addFaults([{ match: { method: 'GET', path: '^/v2/droplets/\\d+$' }, fault: 'slow', delay_ms: 3000, times: 2 }]);
    await world.start('cut', exampleStack('cut'));
    await until(() => world.cloud.faults().fired.slow === 2);
    const [ours] = world.cloud.truth().resources.droplets;
    const stranger = await foreignDroplet(`${ours?.name}x`);
    const client = await world.cerebros.temporal();
    await client.workflow.getHandle('cut').terminate('by hand');
    await until(async () => (await showRun(world.cerebros, 'cut')).status === 'rolled_back', 60_000, 'the rollback');
    expect(world.truth()).toEqual([stranger]);
    expect(await world.ledger()).toEqual([]);
    world.cloud.change({ type: 'droplet', id: stranger.replace('droplet ', ''), delete: true });
  });
});

describe('a stack that was changed outside', () => {
  const verdicts = async (): Promise<readonly DriftVerdict[]> => {
    const { resources } = await checkDrift(world.cerebros, { stack: 'shop' });
    return [...new Set(resources.map(({ verdict }) => verdict))].toSorted();
  };
  const restore = async (...flags: readonly string[]): Promise<Restore | undefined> => {
    const said = await world.cli(['drift', '--apply', '--stack', 'shop', '-o', 'json', ...flags]);
    expect([said.code, said.stderr]).toEqual([0, '']);
    return (said.json as Restore[])[0];
  };

  beforeAll(async () => {
    expect(await world.run('up', exampleStack('shop'))).toMatchObject({ status: 'completed' });
    const { firewalls } = world.cloud.truth().resources;
    const [one, two] = [await world.droplet('shop', 'web-1'), await world.droplet('shop', 'web-2')];
    world.cloud.change({ type: 'droplet', id: one.id, set: { size_slug: 's-2vcpu-2gb', status: 'off' }, add_tags: ['by-hand'] });
    world.cloud.change({ type: 'droplet', id: two.id, delete: true });
    const rule = { protocol: 'tcp' as const, ports: '22', sources: { addresses: ['0.0.0.0/0'] } };
    world.cloud.change({ type: 'firewall', id: firewalls[0]?.id ?? '', add_inbound_rule: rule });
  });

  it('stays so until people agree, and when they do not', async () => {
    const before = world.truth();
    const { run, changes } = (await restore()) ?? {};
    expect(changes?.map(({ action, resource }) => `${action} ${resource}`)).toEqual([
      'update droplet:web-1',
      'again droplet:web-2',
      'update firewall:web',
    ]);
    await world.decide(run?.execution_id ?? '', 'rejected');
    expect(await world.closed(run?.execution_id ?? '')).toMatchObject({ status: 'rolled_back', error: { reason: 'step_failed:approve' } });
    expect(world.truth()).toEqual(before);
    expect(await verdicts()).toEqual(['drifted', 'in_sync', 'missing']);
  });

  it('is not restored by who asked for it, and in sync once somebody else agreed', async () => {
    const id = (await restore('--as', 'rita'))?.run?.execution_id ?? '';
    await until(async () => (await showRun(world.cerebros, id)).steps[0]?.status === 'waiting');
    const refused = await world.cli(['approve', id, 'approve', '--as', 'rita']);
    expect([refused.code, refused.stderr]).toEqual([5, expect.stringContaining('rita')]);
    await world.decide(id, 'approved');
    expect(await world.closed(id)).toMatchObject({ status: 'completed' });
    expect(await verdicts()).toEqual(['in_sync']);
    expect(await world.ledger()).toEqual(world.truth());
    const { droplets, firewalls } = world.cloud.truth().resources;
    expect(droplets.map(({ size_slug, status, tags }) => [size_slug, status, tags.includes('by-hand')])).toEqual(
      droplets.map(() => ['s-1vcpu-1gb', 'active', false]),
    );
    expect(firewalls[0]?.inbound_rules).toHaveLength(1);
    expect(await restore()).toMatchObject({ changes: [], issues: [], run: null });
  });
});
