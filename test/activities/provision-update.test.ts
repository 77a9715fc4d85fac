import { beforeEach, describe, expect, test } from 'vitest';
import { createVpc } from '../../src/cloud/digitalocean/vpcs.ts';
import type { Emulator } from '../../src/cloud/emulator/create-emulator.ts';
import type { ProvisionCall } from '../../src/contracts/provision.ts';
import { testApi } from '../cloud/volume-world.ts';
import { CALL, failureOf, MACHINE, UNKNOWN, URN, WEB, WEB_CALL, useProvisionRig } from './provision-rig.ts';

const rig = useProvisionRig();
const { run } = rig;
const droplets = (): ReturnType<Emulator['truth']>['resources']['droplets'] => rig.emulator.truth().resources.droplets;
const volumes = (): ReturnType<Emulator['truth']>['resources']['volumes'] => rig.emulator.truth().resources.volumes;

const row = async () => await rig.ledger.find(WEB);
const step = (module: ProvisionCall['module'], inputs: ProvisionCall['inputs'] = {}): ProvisionCall => ({
  module,
  urn: WEB,
  inputs,
  context: {},
});

describe('a change', () => {
  beforeEach(async () => void (await run('executeStep', WEB_CALL)));

  test.each([
    ['power_off_droplet', {}, { status: 'off' }],
    ['resize_droplet', { size: 's-2vcpu-2gb' }, { size_slug: 's-2vcpu-2gb', status: 'active' }],
    ['rename_droplet', { name: 'shop-1' }, { name: 'shop-1' }],
    ['update_droplet', { spec: { ...MACHINE, size: 's-2vcpu-2gb', power: 'off' } }, { size_slug: 's-2vcpu-2gb', status: 'off' }],
  ] as const)('%s is made, noted under the next version, and taken back', async (module, inputs, expected) => {
    const [before] = droplets();
    const call = step(module, inputs);
    expect(await run('executeStep', call, { saga_id: 'two' })).toEqual({ 'droplet:web': { urn: WEB, provider_id: String(before?.id) } });
    expect(droplets()[0]).toMatchObject(expected);
    expect(await row()).toMatchObject({ spec_version: 2, state: 'active', saga_id: 'one' });
    await run('compensateStep', { ...call, outcome: UNKNOWN }, { saga_id: 'two' });
    expect(droplets()[0]).toEqual(before);
    expect(await row()).toMatchObject({ spec_version: 1, desired_spec: MACHINE });
  });

  test.each([
    ['its action ends in no answer', '/actions$', 'reset_after'],
    ['its action is refused while it is locked', '/actions$', '422_locked'],
  ] as const)('goes on where it was when %s', async (_, path, fault) => {
    rig.emulator.addFaults([{ match: { method: 'POST', path }, fault }]);
    const call = step('resize_droplet', { size: 's-2vcpu-2gb' });
    expect(await failureOf(run('executeStep', call))).toMatchObject({ nonRetryable: false });
    await rig.clock.sleep(10_000);
    await run('executeStep', call);
    expect(droplets()[0]).toMatchObject({ size_slug: 's-2vcpu-2gb', status: 'active' });
    expect(await row()).toMatchObject({ spec_version: 2 });
  });

  test('of a power off is taken back also when its worker died right after it', async () => {
    const call = step('power_off_droplet');
    await run('executeStep', call);
    await run('executeStep', call);
    await run('compensateStep', { ...call, outcome: UNKNOWN });
    expect(droplets()[0]).toMatchObject({ status: 'active' });
  });
});

describe('a change that others get in the way of', () => {
  beforeEach(async () => void (await run('executeStep', WEB_CALL)));

  test('is refused when others have changed it since it was planned', async () => {
    await run('executeStep', step('rename_droplet', { name: 'a' }), { saga_id: 'two' });
    const late = step('update_droplet', { spec: { ...MACHINE, name: 'b' }, from_version: 1 });
    expect(await failureOf(run('executeStep', late, { saga_id: 'three' }))).toMatchObject({ type: 'SPEC_MOVED', nonRetryable: true });
    await run('compensateStep', { ...late, outcome: UNKNOWN }, { saga_id: 'three' });
    expect(droplets()[0]).toMatchObject({ name: 'a' });
  });

  test('that was refused is not taken back: what others have done to it meanwhile stays', async () => {
    await run('executeStep', step('rename_droplet', { name: 'a' }), { saga_id: 'two' });
    const late = step('update_droplet', { spec: MACHINE, from_version: 1 });
    await failureOf(run('executeStep', late, { saga_id: 'three' }));
    rig.emulator.change({ type: 'droplet', id: droplets()[0]?.id ?? 0, set: { status: 'off', name: 'by-hand' } });
    await run('compensateStep', { ...late, outcome: UNKNOWN }, { saga_id: 'three' });
    expect(droplets()[0]).toMatchObject({ status: 'off', name: 'by-hand' });
  });

  test('is refused when another field differs than was agreed on', async () => {
    rig.emulator.change({ type: 'droplet', id: droplets()[0]?.id ?? 0, set: { size_slug: 's-2vcpu-2gb' }, add_tags: ['x'] });
    const agreed = step('update_droplet', { spec: MACHINE, from_version: 1, fields: ['tags'] });
    expect(await failureOf(run('executeStep', agreed))).toMatchObject({ type: 'WORLD_MOVED', nonRetryable: true });
    expect(droplets()[0]).toMatchObject({ size_slug: 's-2vcpu-2gb', status: 'active' });
  });

  test('gives a droplet its tag again also when the tag itself was deleted', async () => {
    const [before] = droplets();
    rig.emulator.change({ type: 'tag', id: before?.tags[0] ?? '', delete: true });
    expect(droplets()[0]?.tags).toEqual([]);
    await run('executeStep', step('update_droplet', { spec: MACHINE }));
    expect(droplets()[0]).toEqual(before);
  });

  test('is not taken back over one that came later', async () => {
    const first = step('rename_droplet', { name: 'a' });
    await run('executeStep', first, { saga_id: 'two' });
    await run('executeStep', step('rename_droplet', { name: 'b' }), { saga_id: 'three' });
    const undo = run('compensateStep', { ...first, outcome: UNKNOWN }, { saga_id: 'two' });
    expect(await failureOf(undo)).toMatchObject({ type: 'SPEC_MOVED', nonRetryable: true });
    expect(droplets()[0]).toMatchObject({ name: 'b' });
  });

  test('puts back what others have changed: size, name, tags and power', async () => {
    const [before] = droplets();
    const tags = before?.tags ?? [];
    rig.emulator.change({
      type: 'droplet',
      id: before?.id ?? 0,
      set: { size_slug: 's-2vcpu-2gb', name: 'x', status: 'off' },
      add_tags: ['y'],
      remove_tags: tags,
    });
    await run('executeStep', step('update_droplet', { spec: MACHINE }));
    expect(droplets()[0]).toEqual(before);
    expect(await row()).toMatchObject({ spec_version: 1 });
  });

  test('of what is for its whole life is refused', async () => {
    const failure = await failureOf(run('executeStep', step('update_droplet', { spec: { ...MACHINE, region: 'ams3' } })));
    expect(failure).toMatchObject({ type: 'CANNOT_CHANGE', nonRetryable: true });
  });
});

describe('a change of another type', () => {
  test('of a volume makes it larger, and is not taken back: it cannot be made smaller again', async () => {
    await run('executeStep', CALL);
    const call: ProvisionCall = { module: 'resize_volume', urn: URN, inputs: { size_gigabytes: 5 }, context: {} };
    await run('executeStep', call);
    expect(volumes()).toMatchObject([{ size_gigabytes: 5 }]);
    await run('compensateStep', { ...call, outcome: UNKNOWN });
    expect(volumes()).toMatchObject([{ size_gigabytes: 5 }]);
    expect(await rig.ledger.find(URN)).toMatchObject({ desired_spec: { size_gigabytes: 5 }, spec_version: 2 });
  });

  test('of a volume that others have made larger still is taken back in the ledger', async () => {
    await run('executeStep', CALL);
    rig.emulator.change({ type: 'volume', id: volumes()[0]?.id ?? '', set: { size_gigabytes: 20 } });
    const call: ProvisionCall = { module: 'resize_volume', urn: URN, inputs: { size_gigabytes: 15 }, context: {} };
    expect(await failureOf(run('executeStep', call))).toMatchObject({ type: 'CANNOT_CHANGE' });
    await run('compensateStep', { ...call, outcome: UNKNOWN });
    expect(await rig.ledger.find(URN)).toMatchObject({ desired_spec: { size_gigabytes: 1 }, spec_version: 1 });
  });

  test('of a volume that was refused is taken back in the ledger', async () => {
    await run('executeStep', CALL);
    const call: ProvisionCall = { module: 'resize_volume', urn: URN, inputs: { size_gigabytes: 5 }, context: {} };
    rig.emulator.addFaults([{ match: { method: 'POST', path: '/actions$' }, fault: '422_quota' }]);
    await failureOf(run('executeStep', call));
    await run('compensateStep', { ...call, outcome: UNKNOWN });
    expect(await rig.ledger.find(URN)).toMatchObject({ desired_spec: { size_gigabytes: 1 }, spec_version: 1 });
  });

  test.each([
    ['a VPC', 'create_vpc', 'vpc:v', { region: 'fra1' }, { name: 'net' }, 'vpcs'],
    [
      'a firewall',
      'create_firewall',
      'firewall:f',
      { inbound_rules: [], outbound_rules: [{ protocol: 'icmp', destinations: { addresses: ['::/0'] } }] },
      { tags: ['web'], name: 'wall' },
      'firewalls',
    ],
  ] as const)('of %s is made and taken back', async (_, module, name, spec, change, collection) => {
    const urn = `urn:cerebros:s:${name}`;
    if (module === 'create_vpc') await createVpc(testApi(rig.emulator.url), { name: 'by-hand', region: 'fra1' });
    await run('executeStep', { module, urn, inputs: { spec }, context: {} });
    const seen = () => rig.emulator.truth().resources[collection].at(-1);
    const before = seen();
    const call = { module: module.replace('create', 'update'), urn, inputs: { spec: { ...spec, ...change } }, context: {} };
    await run('executeStep', call);
    expect(seen()).toMatchObject(change);
    await run('compensateStep', { ...call, outcome: UNKNOWN });
    expect({ ...seen(), settled_at: 0 }).toEqual({ ...before, settled_at: 0 });
  });

  test('of a reserved IP gives it to another droplet', async () => {
    await run('executeStep', WEB_CALL);
    const [web] = droplets();
    await run('executeStep', { ...WEB_CALL, urn: `${WEB}-2` }, { saga_id: 'two' });
    const urn = 'urn:cerebros:s:reserved_ip:ip';
    await run('executeStep', { module: 'create_reserved_ip', urn, inputs: { spec: { droplet_id: web?.id ?? 0 } }, context: {} });
    const call: ProvisionCall = {
      module: 'update_reserved_ip',
      urn,
      inputs: { spec: { droplet_id: droplets()[1]?.id ?? 0 } },
      context: {},
    };
    await run('executeStep', call);
    expect(rig.emulator.truth().resources.reserved_ips).toMatchObject([{ droplet_id: droplets()[1]?.id }]);
    await run('compensateStep', { ...call, outcome: UNKNOWN });
    expect(rig.emulator.truth().resources.reserved_ips).toMatchObject([{ droplet_id: web?.id }]);
  });
});

describe('the undo of what was accepted and has not ended', () => {
  test('waits for its end, and then takes it back', async () => {
    await run('executeStep', WEB_CALL);
    const call = { module: 'power_off_droplet', urn: WEB, inputs: {}, context: {} };
    rig.emulator.addFaults([{ match: { method: 'POST', path: '/actions$' }, fault: 'reset_after' }]);
    await failureOf(run('executeStep', call));
    const undo = (): Promise<unknown> => run('compensateStep', { ...call, outcome: UNKNOWN });
    // While it is locked, what is seen of it is about to change.
    expect(await failureOf(undo())).toMatchObject({ type: 'LOCKED', nonRetryable: false });
    await rig.clock.sleep(10_000);
    await undo();
    expect(droplets()[0]?.status).toBe('active');
  });
});

describe('a droplet', () => {
  test('is made off and under a name of its own when its spec says so', async () => {
    await run('executeStep', { ...WEB_CALL, inputs: { spec: { ...MACHINE, name: 'shop-1', power: 'off' } } });
    expect(droplets()).toMatchObject([{ name: 'shop-1', status: 'off' }]);
  });
});
