import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cancelSaga } from '../../src/client/control.ts';
import { showRun } from '../../src/client/show.ts';
import { retryUndo } from '../../src/client/undo-retry.ts';
import type { SagaRun } from '../../src/contracts/ledger.ts';
import { exampleStack, startProvisionWorld, type ProvisionWorld } from '../support/provision-world.ts';
import { until } from '../support/until.ts';

const TOKEN = 'dop_v1_canary0123456789abcdef0123456789abcdef';

let world: ProvisionWorld;
beforeAll(async () => {
  world = await startProvisionWorld(TOKEN);
});
afterAll(() => world.stop());
beforeEach(async () => {
  world.cloud.clearFaults();
  await world.fillBudget();
});

const statusOf = (run: SagaRun, step: string): string | undefined => run.steps.find(({ step_name }) => step_name === step)?.status;

describe('a stack of every type', () => {
  it('comes up whole, and the ledger has exactly what there is', async () => {
    const run = await world.run('up', exampleStack('shop'));
    expect(run).toMatchObject({ status: 'completed', kind: 'provision' });
    const { droplets, volumes } = world.cloud.truth().resources;
    expect(world.truth()).toHaveLength(7);
    expect(await world.ledger()).toEqual(world.truth());
    const first = Number((run.context['droplet:web-1'] as { readonly provider_id: string }).provider_id);
    expect(volumes).toMatchObject([{ droplet_id: first }]);
    expect(droplets).toHaveLength(2);
    expect(run.context['vpc:main']).toEqual({ urn: 'urn:cerebros:shop:vpc:main', provider_id: expect.any(String) });
  });

  it('is kept from a second saga, which is taken back without touching it', async () => {
    const before = world.truth();
    const run = await world.run('up-again', exampleStack('shop'));
    expect(run).toMatchObject({ status: 'rolled_back' });
    expect(run.steps[0]?.error).toMatchObject({ code: 'INTENT_CHANGED' });
    expect(world.truth()).toEqual(before);
  });

  it('is as it was when its suspension fails', async () => {
    world.cloud.addFaults([{ match: { method: 'POST', path: '^/v2/droplets/\\d+/actions$' }, fault: '422_quota', nth: 2 }]);
    const run = await world.run('pause-fails', { kind: 'suspension', stack: 'shop' });
    expect(run.status).toBe('rolled_back');
    const { droplets, snapshots } = world.cloud.truth().resources;
    expect(droplets.map(({ status }) => status)).toEqual(['active', 'active']);
    expect(snapshots).toEqual([]);
    expect(await world.ledger()).toEqual(world.truth());
  });

  it('is suspended with a snapshot of its volume and its droplets off', async () => {
    const run = await world.run('pause', { kind: 'suspension', stack: 'shop' });
    expect(run.status).toBe('completed');
    const { droplets, snapshots } = world.cloud.truth().resources;
    expect(droplets.map(({ status }) => status)).toEqual(['off', 'off']);
    expect(snapshots).toHaveLength(1);
    expect(await world.ledger()).toEqual(world.truth());
  });

  it('has its offboarding shown before it is started: people are asked first, and VPCs go last', async () => {
    writeFileSync(join(world.dir, 'down.json'), JSON.stringify({ kind: 'offboarding', stack: 'shop' }));
    const { code, json } = await world.cli(['plan', 'provision', '--input', join(world.dir, 'down.json'), '-o', 'json']);
    const { steps } = json as { readonly steps: readonly { readonly name: string }[] };
    expect([code, steps[0]?.name, steps.at(-1)?.name]).toEqual([0, 'approve', 'delete_vpc.main']);
  });

  it('stays when people do not agree to its offboarding', async () => {
    const before = world.truth();
    await world.start('kept', { kind: 'offboarding', stack: 'shop' });
    await world.decide('kept', 'rejected');
    expect(await world.closed('kept')).toMatchObject({ status: 'rolled_back', error: { reason: 'step_failed:approve' } });
    expect(world.truth()).toEqual(before);
  });

  it('goes away by an offboarding, half of it deleted by hand before, and the same start answers with the same run', async () => {
    const [droplet] = world.cloud.truth().resources.droplets;
    const authorization = `Bearer ${'by-hand'.padEnd(20, '-')}`;
    await fetch(`${world.cloud.url}/v2/droplets/${droplet?.id}`, { method: 'DELETE', headers: { authorization } });
    const input = { kind: 'offboarding', stack: 'shop' };
    await world.start('down', input);
    await world.decide('down', 'approved');
    const run = await world.closed('down');
    expect(run).toMatchObject({ status: 'completed', context: { approval: { decision: 'approved', by: 'olga' } } });
    expect(world.truth()).toEqual([]);
    expect(await world.ledger()).toEqual([]);
    await expect(world.start('down', input)).resolves.toBeUndefined();
    await expect(world.start('down-again', input)).rejects.toMatchObject({ code: 'STACK_NOT_FOUND', exitCode: 4 });
  });
});

describe('a stack that cannot come up', () => {
  it('is taken back whole when its last step fails', async () => {
    world.cloud.addFaults([{ match: { method: 'POST', path: '^/v2/reserved_ips$' }, fault: '422_quota', times: 100 }]);
    const run = await world.run('late', exampleStack('late'));
    expect(run).toMatchObject({ status: 'rolled_back', error: { reason: 'step_failed:create_reserved_ip.front' } });
    expect(world.cloud.truth().faults.fired).toMatchObject({ '422_quota': 1 });
    expect(world.truth()).toEqual([]);
    expect(await world.ledger()).toEqual([]);
  });

  it('is taken back whole when it is cancelled in the middle of a wait', async () => {
    world.cloud.addFaults([{ match: { method: 'GET', path: '^/v2/droplets/\\d+$' }, fault: 'slow', delay_ms: 20_000, times: 1 }]);
    await world.start('stopped', exampleStack('stopped'));
    await until(() => world.cloud.truth().faults.fired.slow === 1);
    await cancelSaga(world.cerebros, 'stopped');
    const run = await world.closed('stopped');
    expect(run).toMatchObject({ status: 'rolled_back', error: { reason: 'cancelled' } });
    expect(world.truth()).toEqual([]);
    expect(await world.ledger()).toEqual([]);
  });

  it('names what it cannot take back, takes the rest back, and finishes by undo retry', async () => {
    world.cloud.addFaults([
      { match: { method: 'POST', path: '^/v2/reserved_ips$' }, fault: '422_quota', times: 100 },
      { match: { method: 'DELETE', path: '^/v2/volumes/' }, fault: '401', times: 100 },
    ]);
    const run = await world.run('stuck', exampleStack('stuck'));
    expect(run).toMatchObject({ status: 'failed', error: { stuck: [{ step_name: 'create_volume.data', code: 'UNAUTHORIZED' }] } });
    expect(statusOf(run, 'create_vpc.main')).toBe('compensated');
    expect(world.truth()).toEqual([expect.stringMatching(/^volume /)]);
    expect(await world.ledger()).toEqual(world.truth());
    const shown = await world.cli(['show', 'stuck', '-o', 'text']);
    expect(`${shown.stdout}${shown.stderr}`).toContain('cerebros undo retry stuck');
    world.cloud.clearFaults();
    await retryUndo(world.cerebros, 'stuck');
    await until(async () => (await showRun(world.cerebros, 'stuck'))?.status === 'rolled_back');
    expect(world.truth()).toEqual([]);
    expect(await world.ledger()).toEqual([]);
  });
});

describe('what is left of all of it', () => {
  it('is nowhere the token', async () => {
    const sql = await world.cerebros.ledger();
    const tables = await sql<{ name: string }[]>`select table_name as name from information_schema.tables where table_schema = 'public'`;
    const runs = await sql<{ id: string }[]>`select id from saga_runs`;
    expect(runs.length).toBeGreaterThanOrEqual(8);
    const dump = await Promise.all(tables.map(({ name }) => sql`select to_jsonb(t) as row from ${sql(name)} t`));
    const client = await world.cerebros.temporal();
    const histories = await Promise.all(runs.map(({ id }) => client.workflow.getHandle(id).fetchHistory()));
    const places = [readable(histories), JSON.stringify(dump)];
    for (const text of places) expect(text).toContain('urn:cerebros:shop:vpc:main');
    expect(world.worker.log).toContain('worker polls');
    for (const text of [...places, world.worker.log]) expect(text).not.toContain('canary');
  });

  it('agrees with the history, run by run', async () => {
    expect((await world.cli(['ledger', 'verify'])).code).toBe(0);
  });
});

/** With payloads as text, not as bytes. */
function readable(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.values(value).map(readable).join('\n');
}
