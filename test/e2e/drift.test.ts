import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkDrift, type Drift } from '../../src/client/drift.ts';
import { runState } from '../../src/client/run-state.ts';
import type { DriftReport } from '../../src/contracts/drift.ts';
import { KeptWorker } from '../support/nas-worker.ts';
import { exampleStack, startProvisionWorld, type ProvisionWorld } from '../support/provision-world.ts';
import { until } from '../support/until.ts';

let world: ProvisionWorld;
beforeAll(async () => {
  world = await startProvisionWorld('dop_v1_of_the_drift_test_only');
});
afterAll(() => world.stop());
beforeEach(async () => {
  world.cloud.clearFaults();
  await world.fillBudget();
});

const authorization = 'Bearer dop_v1_of_somebody_else_here';
const urn = (type: string, name: string): string => `urn:cerebros:shop:${type}:${name}`;
const idOf = async (type: string, name: string): Promise<string> => {
  const { resources } = await checkDrift(world.cerebros, { stack: 'shop' });
  return resources.find(({ resource }) => resource === urn(type, name))?.provider_id ?? '';
};
const events = async (): Promise<readonly string[]> => {
  const sql = await world.cerebros.ledger();
  const rows = await sql<{ subject: string; verdict: string }[]>`
    select subject, data ->> 'verdict' as verdict from events where type = 'cerebros.cloud.drift.detected' order by subject, seq`;
  return rows.map(({ subject, verdict }) => `${subject} ${verdict}`);
};
/** While a worker checks by itself, every second; `log` is its log. */
async function whileScheduled(act: (scheduled: KeptWorker) => Promise<void>): Promise<void> {
  const scheduled = new KeptWorker({ ...world.env, CEREBROS_DRIFT_EVERY_MS: '1000' });
  try {
    await act(scheduled);
  } finally {
    await (await world.cerebros.temporal()).schedule.getHandle('cerebros-drift').delete();
    await scheduled.stop();
  }
}
const lastCheck = async (): Promise<string> => {
  const sql = await world.cerebros.ledger();
  const [row] = await sql<{ at: string }[]>`select max(checked_at) as at from cloud_drift`;
  return row?.at ?? '';
};
/** Calls that may change something at the provider, by anybody. */
const changing = (): number =>
  Object.values(world.cloud.truth().requests)
    .flatMap(({ by_method }) => Object.entries(by_method))
    .reduce((sum, [method, count]) => sum + (method === 'GET' ? 0 : count), 0);
const verdicts = (resources: readonly DriftReport[]): readonly string[] =>
  resources.map(({ resource, verdict }) => `${resource} ${verdict}`);

describe('a stack that nobody has touched', () => {
  it('is in sync', async () => {
    expect(await world.run('up', exampleStack('shop'))).toMatchObject({ status: 'completed' });
    const { code, json } = await world.cli(['drift', '--stack', 'shop', '-o', 'json']);
    const { counts, resources, checked_at } = json as Drift;
    expect([code, counts.in_sync, resources.length]).toEqual([0, resources.length, resources.length]);
    expect(resources.length).toBeGreaterThanOrEqual(6);
    expect(Date.parse(checked_at)).toBeGreaterThan(Date.now() - 60_000);
    const { stdout } = await world.cli(['drift', '-o', 'text']);
    expect(stdout).toContain(`${resources.length} resources: ${resources.length} in_sync`);
    expect(await events()).toEqual([]);
  });
});

describe('a stack that was changed behind our back', () => {
  it('shows each change with its difference, and a stranger of a similar name, which stays', async () => {
    const [one, two, wall] = [await idOf('droplet', 'web-1'), await idOf('droplet', 'web-2'), await idOf('firewall', 'web')];
    const name = world.cloud.truth().resources.droplets.find(({ id }) => String(id) === one)?.name ?? '';
    const body = JSON.stringify({ name: `${name}x`, region: 'fra1', size: 's-1vcpu-1gb', image: 'debian-12-x64', tags: ['nas'] });
    const made = await fetch(`${world.cloud.url}/v2/droplets`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body,
    });
    const { droplet } = (await made.json()) as { readonly droplet: { readonly id: number } };
    const stranger = `digitalocean:droplet:${droplet.id}`;
    world.cloud.change({ type: 'droplet', id: one, set: { size_slug: 's-2vcpu-2gb' }, add_tags: ['by-hand'] });
    world.cloud.change({ type: 'droplet', id: two, delete: true });
    world.cloud.change({
      type: 'firewall',
      id: wall,
      add_inbound_rule: { protocol: 'tcp', ports: '22', sources: { addresses: ['0.0.0.0/0'] } },
    });
    await until(async () => (await checkDrift(world.cerebros)).counts.unmanaged === 1);
    const { code, stdout } = await world.cli(['drift', '-o', 'text']);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      new RegExp(`${urn('droplet', 'web-1')} +drifted +size: s-1vcpu-1gb → s-2vcpu-2gb\n +tags: has by-hand too much\n`),
    );
    expect(stdout).toMatch(new RegExp(`${urn('droplet', 'web-2')} +missing\n`));
    expect(stdout).toMatch(new RegExp(`${urn('firewall', 'web')} +drifted +`));
    expect(stdout).toContain('inbound_rules: has tcp 22 from 0.0.0.0/0 too much');
    expect(stdout).toMatch(new RegExp(`${stranger} +unmanaged +${name}x\n`));
    expect(stdout).toMatch(/\n\d+ resources: \d+ in_sync, 2 drifted, 1 missing, 1 unmanaged\n/);
    expect(world.cloud.truth().resources.droplets.map(({ id }) => id)).toContain(droplet.id);
    const all = [`${stranger} unmanaged`, `${urn('droplet', 'web-1')} drifted`, `${urn('droplet', 'web-2')} missing`];
    expect(await events()).toEqual([...all, `${urn('firewall', 'web')} drifted`]);
    expect(verdicts((await checkDrift(world.cerebros, { stack: 'shop' })).resources)).not.toContain(`${stranger} unmanaged`);
  });

  it('is looked at anew by who asks while another check is under way', async () => {
    const one = await idOf('droplet', 'web-1');
    world.cloud.addFaults([{ match: { method: 'GET', path: '^/v2/firewalls$' }, fault: 'slow', delay_ms: 2000, times: 1 }]);
    const first = checkDrift(world.cerebros, { stack: 'shop' });
    await until(() => world.cloud.truth().faults.fired.slow === 1);
    world.cloud.change({ type: 'droplet', id: one, set: { status: 'off' } });
    const second = await checkDrift(world.cerebros, { stack: 'shop' });
    const fieldsOf = ({ resources }: Drift) => resources.find(({ provider_id }) => provider_id === one)?.diff.map(({ field }) => field);
    expect(fieldsOf(second)).toEqual(['size', 'power', 'tags']);
    expect((await first).checked_at < second.checked_at).toBe(true);
  });

  it('is noticed by a worker itself', async () => {
    const one = await idOf('droplet', 'web-1');
    const sql = await world.cerebros.ledger();
    await whileScheduled(async () => {
      world.cloud.change({ type: 'droplet', id: one, set: { name: 'renamed-by-hand' } });
      await until(async () => {
        const [row] = await sql<{ diff: DriftReport['diff'] }[]>`select diff from cloud_drift where provider_id = ${one}`;
        return row?.diff.some(({ field, actual }) => field === 'name' && actual === 'renamed-by-hand');
      });
      const client = await world.cerebros.temporal();
      const { action } = await client.schedule.getHandle('cerebros-drift').describe();
      expect(action).toMatchObject({ workflowType: 'checkCloud', args: [{ resolve: true }] });
    });
  });
});

describe('what sagas have left behind', () => {
  it('stays when people ask, and goes at a check of the schedule once its saga has failed to take it back', async () => {
    const before = world.truth();
    world.cloud.addFaults([
      { match: { method: 'POST', path: '^/v2/reserved_ips$' }, fault: '422_quota', times: 100 },
      { match: { method: 'DELETE', path: '^/v2/volumes/' }, fault: '401', times: 100 },
    ]);
    expect(await world.run('stuck', exampleStack('stuck'))).toMatchObject({ status: 'failed' });
    expect(world.truth()).toHaveLength(before.length + 1);
    const sent = changing();
    const [said] = (await checkDrift(world.cerebros, { stack: 'stuck' })).resources;
    expect(said).toMatchObject({ resource: 'urn:cerebros:stuck:volume:data', verdict: 'unknown' });
    expect(changing()).toBe(sent);
    const line = 'urn:cerebros:stuck:volume:data, left unfinished by its saga';
    await whileScheduled(async (scheduled) => {
      const logged = (text: string): boolean => `${world.worker.log}${scheduled.log}`.includes(`${line}: ${text}`);
      await until(() => logged('failed, UNAUTHORIZED'), 30_000, 'a check that is refused');
      expect(world.truth()).toHaveLength(before.length + 1);
      world.cloud.clearFaults();
      await until(() => logged('deleted, it was being deleted'), 30_000, 'a check that deletes');
    });
    expect(world.truth()).toEqual(before);
  });

  it('stays while its saga is under way, and when Temporal ended it until it is rolled back', async () => {
    world.cloud.addFaults([{ match: { method: 'GET', path: '^/v2/droplets/\\d+$' }, fault: 'slow', delay_ms: 20_000, times: 100 }]);
    await world.start('going', exampleStack('going'));
    await until(() => (world.cloud.truth().faults.fired.slow ?? 0) > 0);
    const open = (await checkDrift(world.cerebros, { stack: 'going' })).resources;
    expect(open).toContainEqual(expect.objectContaining({ type: 'droplet', verdict: 'unknown', reason: 'creating: it is being made' }));
    expect(await runState(world.cerebros, 'going')).toBe('open');
    const client = await world.cerebros.temporal();
    await client.workflow.getHandle('going').terminate();
    const there = world.truth();
    await whileScheduled(async () => {
      const seen = new Set<string>();
      // The first may have begun before.
      await until(async () => seen.add(await lastCheck()).size > 3, 30_000, 'three checks');
    });
    expect(world.truth()).toEqual(there);
    const states = ['up', 'stuck', 'going', 'nobody'].map((id) => runState(world.cerebros, id));
    expect(await Promise.all(states)).toEqual(['closed:completed', 'closed:failed', 'closed:terminated', 'not known']);
  });
});

describe('a check that cannot be', () => {
  it('says that the worker has no token, or that there is no worker', async () => {
    await world.worker.stop();
    const { CEREBROS_CLOUD_TOKEN: _, ...env } = world.env;
    const bare = new KeptWorker(env);
    const { code, stderr } = await world.cli(['drift', '-o', 'text']);
    await bare.stop();
    expect([code, stderr]).toEqual([5, expect.stringContaining('expected CEREBROS_CLOUD_TOKEN on the worker')]);
    const timeout = {
      code: 'TIMEOUT',
      exitCode: 5,
      message: expect.stringContaining('no worker with a token serves the queue cerebros-cloud'),
    };
    await expect(checkDrift(world.cerebros, { timeout_ms: 1500 })).rejects.toMatchObject(timeout);
  });
});
