import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connect } from '../../src/client/connect.ts';
import { cancelRunAfterStep, pauseRun, resumeRun } from '../../src/client/control.ts';
import { rollbackRun } from '../../src/client/rollback.ts';
import { showRun } from '../../src/client/show.ts';
import { startSaga, type StartRequest } from '../../src/client/start.ts';
import type { SagaRun } from '../../src/contracts/ledger.ts';
import { ADVISORY_LOCKS } from '../../src/ledger/advisory-locks.ts';
import { closeLedger, openLedger } from '../../src/ledger/connection.ts';
import { exampleStack, startProvisionWorld, type ProvisionWorld } from '../support/provision-world.ts';
import { stays } from '../support/stays.ts';
import { until } from '../support/until.ts';

let world: ProvisionWorld;
beforeAll(async () => {
  world = await startProvisionWorld('dop_v1_of_the_controls_only');
});
afterAll(() => world.stop());
beforeEach(async () => {
  world.cloud.clearFaults();
  await world.fillBudget();
});

/** Starts the example, whose first droplet is waited for longer than usual, and answers while it is. */
async function startSlow(id: string, delay_ms: number): Promise<void> {
  world.cloud.addFaults([{ match: { method: 'GET', path: '^/v2/droplets/\\d+$' }, fault: 'slow', delay_ms, times: 1 }]);
  await world.start(id, exampleStack(id));
  await until(() => world.cloud.faults().fired.slow === 1);
}

function exampleFile(stack: string): string {
  const path = join(world.dir, `${stack}.json`);
  writeFileSync(path, JSON.stringify(exampleStack(stack)));
  return path;
}

/** Starts runs, each by a client of its own, that all wait for their turn to find out whether their stack is free before the first does. */
async function whenAllWait(requests: readonly StartRequest[]): Promise<readonly PromiseSettledResult<unknown>[]> {
  const { connections } = world.cerebros;
  const clients = requests.map(() => connect({ connections }));
  const sql = openLedger(world.servers.databaseUrl, { max: 1 });
  const [settled] = await sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(${ADVISORY_LOCKS.stacks})`;
    const begun = clients.map((client, n) => startSaga(client, requests[n] ?? { kind: '', input: null }));
    const waiting = async (): Promise<number> => {
      const [row] = await tx<
        { n: number }[]
      >`select count(*)::int as n from pg_locks where objid = ${ADVISORY_LOCKS.stacks} and not granted`;
      return row?.n ?? 0;
    };
    await until(async () => (await waiting()) === requests.length, 2500, 'all starts to wait');
    return [Promise.allSettled(begun)] as const;
  });
  await Promise.all([closeLedger(sql), ...clients.map((client) => client.close())]);
  return settled;
}

const statusOf = (run: SagaRun | undefined, step: string): string | undefined =>
  run?.steps.find(({ step_name }) => step_name === step)?.status;

describe('a run that is controlled', () => {
  it('finishes its step when it is cancelled between steps, and takes everything back', async () => {
    await startSlow('between', 2000);
    await cancelRunAfterStep(world.cerebros, 'between');
    const run = await world.closed('between');
    expect(run).toMatchObject({ status: 'rolled_back', error: { reason: 'cancelled' } });
    expect(['web-1', 'web-2'].map((name) => statusOf(run, `create_droplet.${name}`))).toEqual(['compensated', 'compensated']);
    expect(statusOf(run, 'create_firewall.web')).toBe('pending');
    expect(world.cloud.truth().created).toMatchObject({ droplet: 2 });
    expect(world.cloud.truth().created).not.toHaveProperty('firewall');
    expect(world.truth()).toEqual([]);
    expect(await world.ledger()).toEqual([]);
  });

  it('asks for nothing while it is paused, and is whole once it goes on', async () => {
    await startSlow('paused', 1000);
    await pauseRun(world.cerebros, 'paused');
    const done = async (step: string): Promise<boolean> => statusOf(await showRun(world.cerebros, 'paused'), step) === 'completed';
    for (const step of ['create_droplet.web-1', 'create_droplet.web-2', 'create_volume.data']) await until(() => done(step), 20_000, step);
    const posts = (): number => Object.values(world.cloud.truth().requests).reduce((sum, { by_method }) => sum + (by_method.POST ?? 0), 0);
    const before = posts();
    await stays(() => posts() === before, 1500, 'the number of POSTs');
    await resumeRun(world.cerebros, 'paused');
    expect((await world.closed('paused')).status).toBe('completed');
    expect(posts()).toBeGreaterThan(before);
    const { droplets, volumes, firewalls, reserved_ips } = world.cloud.truth().resources;
    expect([droplets.length, volumes.length, firewalls.length, reserved_ips.length]).toEqual([2, 1, 1, 1]);
    expect(await world.ledger()).toEqual(world.truth());
  });
});

describe('two runs for one stack that are started at once', () => {
  it('make it once: one is started, the other is refused and is nowhere', async () => {
    const before = world.cloud.truth().created;
    const ids = ['twice-a', 'twice-b'];
    const starts = await Promise.allSettled(ids.map((id) => world.start(id, exampleStack('twice'))));
    const [refused, let_through] = starts[0]?.status === 'rejected' ? ids : ids.toReversed();
    expect(starts.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(starts.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: {
        code: 'STACK_HELD',
        exitCode: 5,
        message: expect.stringContaining(let_through ?? ''),
        hint: expect.stringContaining('cancel'),
      },
    });
    await expect(showRun(world.cerebros, refused ?? '')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
    expect(await world.closed(let_through ?? '')).toMatchObject({ status: 'completed' });
    const { created } = world.cloud.truth();
    const made = (type: 'vpc' | 'droplet' | 'volume'): number => (created[type] ?? 0) - (before[type] ?? 0);
    expect([made('vpc'), made('droplet'), made('volume')]).toEqual([1, 2, 1]);
    expect(await world.ledger()).toEqual(world.truth());
  });
});

describe('a stack with a run that is not over', () => {
  const volume = (stack: string) => ({
    kind: 'provisioning',
    stack,
    resources: [{ type: 'volume', name: 'one', spec: { region: 'fra1', size_gigabytes: 1 } }],
  });
  const refused = (id: string, how: string) => ({
    code: 'STACK_HELD',
    message: expect.stringMatching(new RegExp(`found ${id}, which ${how}`)),
  });

  it('takes no second one, the same start again is the same run, and other stacks are free', async () => {
    await world.run('held-base', volume('held'));
    await world.start('held-asks', { kind: 'offboarding', stack: 'held' });
    await expect(world.start('held-more', volume('held'))).rejects.toMatchObject(refused('held-asks', 'is '));
    await expect(world.start('held-asks', { kind: 'offboarding', stack: 'held' })).resolves.toBeUndefined();
    const { stderr, code } = await world.cli(['start', 'provision', '--id', 'held-cli', '--input', exampleFile('held'), '-o', 'json']);
    expect([code, stderr]).toEqual([5, expect.stringContaining('STACK_HELD')]);
    await expect(showRun(world.cerebros, 'held-cli')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
    expect(await world.run('free', volume('free'))).toMatchObject({ status: 'completed' });
    await world.decide('held-asks', 'approved');
    expect(await world.closed('held-asks')).toMatchObject({ status: 'completed' });
    expect(await world.run('held-more', volume('held'))).toMatchObject({ status: 'completed' });
  });

  it('is held by one that has halted, and by one that Temporal ended, until they are rolled back', async () => {
    world.cloud.addFaults([{ match: { method: 'POST', path: '^/v2/volumes$' }, fault: '422_quota', times: 1 }]);
    await startSaga(world.cerebros, { kind: 'provision', id: 'halts', input: volume('halts'), on_failure: 'halt' });
    expect(await world.closed('halts')).toMatchObject({ status: 'halted' });
    await expect(world.start('after-halt', volume('halts'))).rejects.toMatchObject(refused('halts', 'is halted'));
    await rollbackRun(world.cerebros, 'halts');
    await world.closed('halts');
    expect(await world.run('after-halt', volume('halts'))).toMatchObject({ status: 'completed' });
    await world.start('cut', { kind: 'offboarding', stack: 'halts' });
    await until(async () => (await showRun(world.cerebros, 'cut')).steps[0]?.status === 'waiting');
    await (await world.cerebros.temporal()).workflow.getHandle('cut').terminate('a test');
    await expect(world.start('after-cut', volume('halts'))).rejects.toMatchObject(refused('cut', 'was ended by Temporal'));
    await rollbackRun(world.cerebros, 'cut');
    await world.closed('cut');
    await expect(world.run('after-cut', { kind: 'suspension', stack: 'halts' })).resolves.toMatchObject({ status: 'completed' });
  });

  it('takes one of many that are started at once', async () => {
    const ids = Array.from({ length: 4 }, (_, n) => `many-${n}`);
    const starts = await whenAllWait(ids.map((id) => ({ kind: 'provision', id, input: volume('many') })));
    expect(starts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const sql = await world.cerebros.ledger();
    const id = ids[starts.findIndex(({ status }) => status === 'fulfilled')] ?? '';
    expect(await sql`select id from saga_runs where starts_with(id, 'many-')`).toEqual([{ id }]);
    expect(await world.closed(id)).toMatchObject({ status: 'completed' });
  });
});

describe('a run that was terminated', () => {
  it('leaves nothing once it is rolled back, and what only has a similar name stays, also where ours must be looked for', async () => {
    const before = world.truth();
    world.cloud.addFaults([
      { match: { method: 'POST', path: '^/v2/droplets$' }, fault: 'timeout_after' },
      // Both droplets are looked for, in two lists each, then the one whose POST got no answer: its id stays unknown.
      { match: { method: 'GET', path: '^/v2/droplets$' }, fault: 'slow', nth: 5, delay_ms: 20_000 },
    ]);
    await world.start('ended', exampleStack('ended'));
    await until(() => world.cloud.faults().fired.slow === 1);
    const ours = world.cloud.truth().resources.droplets.filter(({ id }) => !before.includes(`droplet ${id}`));
    expect(ours).toHaveLength(2);
    const client = await world.cerebros.temporal();
    await client.workflow.getHandle('ended').terminate('a test');
    const foreign = await Promise.all(ours.map(({ name }) => createForeign(`${name}a`)));
    await rollbackRun(world.cerebros, 'ended');
    expect(await world.closed('ended')).toMatchObject({ status: 'rolled_back', error: { reason: 'terminated' } });
    expect(world.truth()).toEqual([...before, ...foreign.map((id) => `droplet ${id}`)].toSorted());
    expect(await world.ledger()).toEqual(before);
  });
});

/** Somebody else's droplet, made with another token. */
async function createForeign(name: string): Promise<number> {
  const headers = { authorization: `Bearer ${'somebody-else'.padEnd(20, '-')}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ name, region: 'fra1', size: 's-1vcpu-1gb', image: 'debian-12-x64' });
  const answer = await fetch(`${world.cloud.url}/v2/droplets`, { method: 'POST', headers, body });
  expect(answer.status).toBe(202);
  return ((await answer.json()) as { readonly droplet: { readonly id: number } }).droplet.id;
}
