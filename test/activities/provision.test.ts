import { describe, expect, test } from 'vitest';
import { createDroplet } from '../../src/cloud/digitalocean/droplets.ts';
import { createReservedIp } from '../../src/cloud/digitalocean/reserved-ips.ts';
import { createVolume } from '../../src/cloud/digitalocean/volumes.ts';
import type { Emulator } from '../../src/cloud/emulator/create-emulator.ts';
import type { ProvisionCall } from '../../src/contracts/provision.ts';
import { testApi } from '../cloud/volume-world.ts';
import { CALL, failureOf, UNKNOWN, URN, WEB_CALL, useProvisionRig } from './provision-rig.ts';

const rig = useProvisionRig();
const { run } = rig;
const droplets = (): ReturnType<Emulator['truth']>['resources']['droplets'] => rig.emulator.truth().resources.droplets;
const volumes = (): ReturnType<Emulator['truth']>['resources']['volumes'] => rig.emulator.truth().resources.volumes;

describe('a step', () => {
  test('gives the urn and the id of what it made, and nothing else of it', async () => {
    expect(await run('executeStep', CALL)).toEqual({ 'volume:data': { urn: URN, provider_id: volumes()[0]?.id } });
  });

  test('fails with the code of the provider, and when to try again', async () => {
    rig.emulator.addFaults([{ match: { method: 'POST', path: '^/v2/volumes$' }, fault: '429', retry_after: 7 }]);
    const failure = await failureOf(run('executeStep', CALL));
    expect(failure).toMatchObject({ type: 'TOO_MANY_REQUESTS', nonRetryable: false, nextRetryDelay: 7000 });
    expect(failure.cause).toBeUndefined();
  });

  test.each([
    ['what the provider refuses', { inputs: { spec: { region: 'nowhere', size_gigabytes: 1 } } }, 'UNPROCESSABLE'],
    ['a spec that does not fit', { inputs: { spec: { region: 'fra1' } } }, 'INVALID_SPEC'],
    ['a ref to what no step it needs has made', { inputs: { spec: { ref: 'vpc:main' } } }, 'UNKNOWN_REF'],
    [
      'a volume to attach that is not there',
      { module: 'attach_volume', urn: 'urn:cerebros:s:attachment:a', inputs: { spec: { volume_id: 'none', droplet_id: 1 } } },
      'NOT_FOUND',
    ],
    ['a droplet to change that is not there', { module: 'update_droplet', urn: 'urn:cerebros:s:droplet:web' }, 'RESOURCE_VANISHED'],
  ])('is not tried again after %s', async (_, part, type) => {
    expect(await failureOf(run('executeStep', { ...CALL, ...part }))).toMatchObject({ type, nonRetryable: true });
  });

  test('puts ids in the place of refs, those of droplets as numbers', async () => {
    const machine = { region: 'fra1', size: 's-1vcpu-1gb', image: 'debian-12-x64' };
    const { droplet } = await createDroplet(testApi(rig.emulator.url), { name: 'web', tags: [], ...machine });
    await rig.clock.sleep(10_000);
    const context = { 'droplet:web': { urn: 'u', provider_id: String(droplet.id) } };
    const inbound_rules = [{ protocol: 'tcp', ports: '22', sources: { addresses: ['0.0.0.0/0'] } }];
    const spec = { droplet_ids: [{ ref: 'droplet:web' }], inbound_rules };
    await run('executeStep', { module: 'create_firewall', urn: 'urn:cerebros:s:firewall:f', inputs: { spec }, context });
    expect(rig.emulator.truth().resources.firewalls).toMatchObject([{ droplet_ids: [droplet.id] }]);
  });
});

describe('an attachment', () => {
  const attachOf = async (): Promise<ProvisionCall> => {
    const volume = await run('executeStep', CALL);
    const context = { ...(volume as object), ...((await run('executeStep', WEB_CALL)) as object) };
    const spec = { volume_id: { ref: 'volume:data' }, droplet_id: { ref: 'droplet:web' } };
    return { module: 'attach_volume', urn: 'urn:cerebros:s:attachment:data', inputs: { spec }, context };
  };
  const attachedTo = (): readonly (number | null)[] => volumes().map(({ droplet_id }) => droplet_id);

  test.each(['500_after', 'reset_after', 'malformed', '500_before'] as const)('is made once when its POST ends in %s', async (fault) => {
    const attach = await attachOf();
    rig.emulator.addFaults([{ match: { method: 'POST', path: '/actions$' }, fault }]);
    const provider_id = `${volumes()[0]?.id}:${droplets()[0]?.id}`;
    expect(await run('executeStep', attach)).toEqual({ 'attachment:data': { urn: attach.urn, provider_id } });
    expect(attachedTo()).toEqual([droplets()[0]?.id]);
    expect(rig.emulator.truth().actions.filter(({ type }) => type === 'attach_volume')).toHaveLength(1);
  });

  test('is tried again while its droplet is locked', async () => {
    const attach = await attachOf();
    rig.emulator.addFaults([{ match: { method: 'POST', path: '/actions$' }, fault: '422_locked' }]);
    expect(await failureOf(run('executeStep', attach))).toMatchObject({ type: 'LOCKED', nonRetryable: false });
    await run('executeStep', attach);
    expect(attachedTo()).toEqual([droplets()[0]?.id]);
  });

  test('is taken back before it can be seen, and its volume after it', async () => {
    const attach = await attachOf();
    rig.emulator.addFaults([{ match: { method: 'GET', path: '^/v2/volumes/' }, fault: '403', nth: 2, times: 1 }]);
    expect(await failureOf(run('executeStep', attach))).toMatchObject({ type: 'FORBIDDEN' });
    await run('compensateStep', { ...attach, outcome: UNKNOWN });
    expect(attachedTo()).toEqual([null]);
    await run('compensateStep', { ...CALL, outcome: UNKNOWN });
    expect(volumes()).toEqual([]);
  });

  test('of others is taken off a volume that is to go', async () => {
    const { context } = await attachOf();
    const [droplet] = droplets();
    rig.emulator.change({ type: 'volume', id: volumes()[0]?.id ?? '', set: { droplet_id: droplet?.id ?? 0 } });
    expect(Object.keys(context)).toHaveLength(2);
    await run('compensateStep', { ...CALL, outcome: UNKNOWN });
    expect(volumes()).toEqual([]);
  });
});

describe('the undo of a step', () => {
  test('takes back what may have been made, and may be called again', async () => {
    await run('executeStep', CALL);
    await run('compensateStep', { ...CALL, outcome: UNKNOWN });
    await run('compensateStep', { ...CALL, outcome: UNKNOWN });
    expect(volumes()).toEqual([]);
  });

  test("leaves alone another saga's resource of the same urn", async () => {
    await run('executeStep', CALL);
    expect(await failureOf(run('executeStep', CALL, { saga_id: 'two' }))).toMatchObject({ type: 'INTENT_CHANGED', nonRetryable: true });
    await run('compensateStep', { ...CALL, outcome: UNKNOWN }, { saga_id: 'two' });
    expect(volumes()).toHaveLength(1);
  });

  test('leaves alone what is not in the ledger', async () => {
    await createVolume(testApi(rig.emulator.url), { name: 'by-hand', region: 'fra1', size_gigabytes: 1, tags: [] });
    await run('compensateStep', { ...CALL, outcome: UNKNOWN });
    expect(volumes()).toHaveLength(1);
  });
});

describe('without a token', () => {
  test('a step fails for good, and its undo has nothing to do', async () => {
    const failure = await failureOf(run('executeStep', CALL, { token: false }));
    expect(failure).toMatchObject({ type: 'CLOUD_NOT_CONFIGURED', nonRetryable: true });
    expect(failure.message).toContain('CEREBROS_CLOUD_TOKEN');
    expect(await run('compensateStep', { ...CALL, outcome: UNKNOWN }, { token: false })).toBeNull();
  });

  test('the undo of what was made fails for good, so that it is not forgotten', async () => {
    await run('executeStep', CALL);
    const failure = await failureOf(run('compensateStep', { ...CALL, outcome: UNKNOWN }, { token: false }));
    expect(failure).toMatchObject({ type: 'CLOUD_NOT_CONFIGURED', nonRetryable: true });
  });
});

describe('what is found by the droplet it belongs to', () => {
  test('is not taken over when it is there before ours was asked for, and so never deleted with ours', async () => {
    await run('executeStep', WEB_CALL);
    const spec = { droplet_id: droplets()[0]?.id ?? 0 };
    const { ip } = await createReservedIp(testApi(rig.emulator.url), spec.droplet_id);
    await rig.clock.sleep(10_000);
    const call: ProvisionCall = { module: 'create_reserved_ip', urn: 'urn:cerebros:s:reserved_ip:ip', inputs: { spec }, context: {} };
    expect(await failureOf(run('executeStep', call))).toMatchObject({ type: 'NAME_TAKEN', nonRetryable: true });
    await run('compensateStep', { ...call, outcome: UNKNOWN });
    expect(rig.emulator.truth().resources.reserved_ips).toMatchObject([{ ip }]);
  });
});
