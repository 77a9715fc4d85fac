import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { listStepResults } from '../../src/client/show.ts';
import type { StackPlan } from '../../src/client/provision/plan.ts';
import type { StackResource } from '../../src/contracts/provision-expand.ts';
import { exampleStack, startProvisionWorld, type ProvisionWorld } from '../support/provision-world.ts';

// A stack that is there, and what a file says of it otherwise.

let world: ProvisionWorld;
let before: readonly string[];
beforeAll(async () => {
  world = await startProvisionWorld('dop_v1_of_the_plan_test_only');
  expect(await world.run('up', exampleStack('shop'))).toMatchObject({ status: 'completed' });
  before = world.truth();
});
afterAll(() => world.stop());
beforeEach(async () => {
  world.cloud.clearFaults();
  await world.fillBudget();
});

type Spec = StackResource['spec'];
const RESOURCES = (exampleStack('shop') as { readonly resources: readonly StackResource[] }).resources;
const key = ({ type, name }: StackResource): string => `${type}:${name}`;

/** The stack with other fields, without some, and with more. */
function edited(
  fields: Readonly<Record<string, Spec>>,
  { without = [], more = [] }: { without?: string[]; more?: StackResource[] } = {},
): object {
  const kept = RESOURCES.filter((one) => !without.includes(key(one)));
  return { stack: 'shop', resources: [...kept.map((one) => ({ ...one, spec: { ...one.spec, ...fields[key(one)] } })), ...more] };
}

async function file(name: string, content: unknown): Promise<string> {
  const path = join(world.dir, name);
  writeFileSync(path, JSON.stringify(content));
  return path;
}

async function plan(input: object): Promise<StackPlan> {
  const said = await world.cli(['provision', 'plan', '--input', await file('stack.json', input), '-o', 'json']);
  expect(said.stderr).toBe('');
  return JSON.parse(said.stdout) as StackPlan;
}

const apply = async (content: object, ...flags: readonly string[]) =>
  await world.cli(['provision', 'apply', '--input', await file('plan.json', content), '-o', 'json', ...flags]);
const mutations = (): number => world.cloud.truth().actions.length;
const sizes = (): readonly string[] =>
  world.cloud
    .truth()
    .resources.droplets.map(({ size_slug }) => size_slug)
    .toSorted();

const WEB_3: StackResource = { type: 'droplet', name: 'web-3', spec: { region: 'fra1', size: 's-1vcpu-1gb', image: 'debian-12-x64' } };
const CHANGED = edited(
  { 'droplet:web-1': { size: 's-2vcpu-2gb' }, 'firewall:web': { droplet_ids: [{ ref: 'droplet:web-1' }, { ref: 'droplet:web-3' }] } },
  {
    without: ['droplet:web-2'],
    more: [WEB_3],
  },
);

describe('a plan', () => {
  it('of the stack as it is has nothing to do, and applying it starts nothing', async () => {
    const planned = await plan(edited({}));
    expect(planned).toMatchObject({ changes: [], issues: [], steps: [] });
    expect(JSON.parse((await apply(planned)).stdout)).toEqual({ execution_id: null, status: 'nothing to do' });
  });

  it('prints what is made, changed and removed, and why, and changes nothing', async () => {
    const made = mutations();
    const { stdout, code } = await world.cli(['provision', 'plan', '--input', await file('stack.json', CHANGED), '-o', 'text']);
    expect(code).toBe(0);
    expect(stdout).toContain('stack shop: 1 to make, 2 to change, 1 to remove');
    expect(stdout).toMatch(/\+ +droplet:web-3 +is not there yet/);
    expect(stdout).toMatch(/~ +droplet:web-1\n +size: s-1vcpu-1gb → s-2vcpu-2gb +\(the stack says otherwise\)/);
    expect(stdout).toMatch(/~ +firewall:web\n +droplet_ids: \+ droplet:web-3 .*\n +droplet_ids: - \d+ /);
    expect(stdout).toMatch(/- +droplet:web-2 +is no part of the stack any more/);
    expect([world.truth(), mutations()]).toEqual([before, made]);
  });

  it('is refused with where it does not fit', async () => {
    const said = await world.cli([
      'provision',
      'plan',
      '--input',
      await file('stack.json', { stack: 'shop', resources: [{ type: 'dropplet' }] }),
    ]);
    expect([said.code, said.stderr]).toEqual([2, expect.stringContaining('expected one of vpc, droplet')]);
  });

  it('says what nobody can change, and is then not applied', async () => {
    const planned = await plan(edited({ 'droplet:web-1': { image: 'ubuntu-24-04-x64' } }));
    expect(planned).toMatchObject({
      steps: [],
      issues: [{ resource: 'droplet:web-1', message: expect.stringContaining('image cannot be changed') }],
    });
    const said = await apply(planned);
    expect([said.code, said.stderr]).toEqual([5, expect.stringContaining('PLAN_HAS_ISSUES')]);
  });
});

describe('applying', () => {
  it('is refused once the world has moved, and starts nothing', async () => {
    const planned = await plan(CHANGED);
    const { id, name } = await world.droplet('shop', 'web-1');
    world.cloud.change({ type: 'droplet', id, set: { name: 'renamed' } });
    const said = await apply(planned, '--id', 'moved');
    expect([said.code, said.stderr]).toEqual([5, expect.stringContaining('WORLD_MOVED')]);
    expect((await world.cli(['show', 'moved'])).code).toBe(4);
    world.cloud.change({ type: 'droplet', id, set: { name } });
  });

  it('takes all back when a step fails: specs, versions and resources', async () => {
    world.cloud.addFaults([{ match: { method: 'DELETE', path: '^/v2/droplets/' }, fault: '401', times: 1 }]);
    const said = await apply(await plan(CHANGED), '--id', 'refused', '--wait');
    expect(said.code).toBe(1);
    expect(JSON.parse(said.stdout)).toMatchObject({ status: 'rolled_back', error: { reason: 'step_failed:delete_droplet.web-2' } });
    expect(sizes()).toEqual(['s-1vcpu-1gb', 's-1vcpu-1gb']);
    expect(world.truth()).toEqual(before);
    expect(await plan(edited({}))).toMatchObject({ changes: [], issues: [] });
  });

  it('does exactly what was planned, under the next version, and then there is nothing to do', async () => {
    const planned = await plan(CHANGED);
    const said = await apply(planned, '--id', 'applied', '--wait');
    expect(JSON.parse(said.stdout)).toMatchObject({ status: 'completed', inputs: { kind: 'update', steps: planned.steps } });
    expect(sizes()).toEqual(['s-1vcpu-1gb', 's-2vcpu-2gb']);
    const ids = [await world.droplet('shop', 'web-1'), await world.droplet('shop', 'web-3')].map(({ id }) => id);
    expect(world.cloud.truth().resources.firewalls[0]?.droplet_ids).toEqual(ids);
    const steps = await listStepResults(world.cerebros, 'applied');
    expect(steps.map(({ step_name, status }) => [step_name, status])).toEqual(planned.steps.map(({ name }) => [name, 'completed']));
    expect(await world.ledger()).toEqual(world.truth());
    expect(await plan(CHANGED)).toMatchObject({ changes: [], issues: [] });
  });

  it('is undone afterwards by a rollback of its run: specs as before, what it made removed', async () => {
    const held = world.truth();
    const larger = edited(
      { 'droplet:web-1': { size: 's-2vcpu-4gb' }, 'firewall:web': { droplet_ids: [{ ref: 'droplet:web-1' }] } },
      { without: ['droplet:web-2'], more: [WEB_3, { type: 'volume', name: 'more', spec: { region: 'fra1', size_gigabytes: 1 } }] },
    );
    expect((await apply(larger, '--id', 'larger', '--wait')).code).toBe(0);
    expect(sizes()).toEqual(['s-1vcpu-1gb', 's-2vcpu-4gb']);
    expect((await world.run('back', { kind: 'rollback', stack: 'shop', saga_id: 'larger' })).status).toBe('completed');
    expect(sizes()).toEqual(['s-1vcpu-1gb', 's-2vcpu-2gb']);
    expect(world.truth()).toEqual(held);
    expect(await plan(CHANGED)).toMatchObject({ changes: [], issues: [] });
  });

  it.each([
    [
      'deleted something, which a rollback cannot bring back',
      'applied',
      { exitCode: 5, message: expect.stringContaining('droplet:web-2') },
    ],
    ['was not there', 'nobody', { code: 'STACK_NOT_FOUND', exitCode: 4 }],
  ])('is not rolled back when its run %s', async (_, saga_id, error) => {
    await expect(world.start('back-again', { kind: 'rollback', stack: 'shop', saga_id })).rejects.toMatchObject(error);
  });
});

describe('what was deleted outside', () => {
  it('is made anew by the same stack, with all that names it', async () => {
    const gone = await world.droplet('shop', 'web-1');
    world.cloud.change({ type: 'droplet', id: gone.id, delete: true });
    const stack = CHANGED;
    const planned = await plan(stack);
    expect(planned.changes.map(({ action, resource }) => `${action} ${resource}`)).toEqual([
      'again droplet:web-1',
      'again attachment:data',
      'update firewall:web',
      'update reserved_ip:front',
    ]);
    expect((await apply(planned, '--wait')).code).toBe(0);
    const { volumes, reserved_ips, firewalls } = world.cloud.truth().resources;
    const { id } = await world.droplet('shop', 'web-1');
    expect(id).not.toBe(gone.id);
    expect([volumes[0]?.droplet_id, reserved_ips[0]?.droplet_id, firewalls[0]?.droplet_ids[0]]).toEqual([id, id, id]);
    expect(await world.ledger()).toEqual(world.truth());
    expect(await plan(stack)).toMatchObject({ changes: [], issues: [] });
  });
});
