import { beforeEach, describe, expect, test } from 'vitest';
import type { Json } from '../../src/contracts/ledger.ts';
import { createResource } from '../../src/cloud/create-protocol.ts';
import type { ProtocolDependencies } from '../../src/cloud/create-protocol.ts';
import { deleteResource } from '../../src/cloud/delete-protocol.ts';
import { createVolume } from '../../src/cloud/digitalocean/volumes.ts';
import { createVpc } from '../../src/cloud/digitalocean/vpcs.ts';
import { createDroplet } from '../../src/cloud/digitalocean/droplets.ts';
import { digitalOceanPort } from '../../src/cloud/digitalocean/port.ts';
import { createEmulator } from '../../src/cloud/emulator/create-emulator.ts';
import type { Emulator } from '../../src/cloud/emulator/create-emulator.ts';
import type { Fault } from '../../src/cloud/emulator/fault-script.ts';
import { waitActive } from '../../src/cloud/wait-active.ts';
import { findCloudResource } from '../../src/ledger/queries/cloud-rows.ts';
import { createResourceLedger } from '../../src/ledger/resource-ledger.ts';
import { useLedger } from './cloud-ledger.ts';
import { VirtualClock } from './virtual-clock.ts';
import { testApi, volumeRequest } from './volume-world.ts';

const { sql } = useLedger();
let emulator: Emulator;
let on: ProtocolDependencies & { readonly clock: VirtualClock };
let specs: Readonly<Record<string, Json>>;
beforeEach(async () => {
  const clock = new VirtualClock();
  emulator = await createEmulator({ clock, delays: { droplet_visible_ms: 20_000, droplet_active_ms: 30_000, tag_lag_ms: 90_000 } });
  const api = testApi(emulator.url, { timeout_ms: 400 });
  on = { port: digitalOceanPort(api), ledger: createResourceLedger(sql), clock };
  await createVpc(api, { name: 'by-hand', region: 'fra1' });
  const foreign = await createVolume(api, { name: 'by-hand', region: 'fra1', size_gigabytes: 1, tags: [] });
  const machine = { region: 'fra1', size: 's-1vcpu-1gb', image: 'debian-12-x64' };
  const { droplet } = await createDroplet(api, { name: 'by-hand', tags: [], ...machine });
  await clock.sleep(200_000);
  specs = {
    vpc: { region: 'fra1' },
    droplet: machine,
    volume: { region: 'fra1', size_gigabytes: 1 },
    snapshot: { volume_id: foreign.id },
    firewall: { inbound_rules: [{ protocol: 'tcp', ports: '22', sources: { addresses: ['0.0.0.0/0'] } }] },
    reserved_ip: { droplet_id: droplet.id },
    tag: {},
  };
  return async () => await emulator.close();
});

const PATHS: Readonly<Record<string, string>> = {
  vpc: '^/v2/vpcs$',
  droplet: '^/v2/droplets$',
  volume: '^/v2/volumes$',
  snapshot: '^/v2/volumes/.*/snapshots$',
  firewall: '^/v2/firewalls$',
  reserved_ip: '^/v2/reserved_ips$',
  tag: '^/v2/tags$',
};
const counts = (): Record<string, number> => {
  const { resources } = emulator.truth();
  return Object.fromEntries(Object.entries(resources).map(([type, all]) => [type.replace(/s$/, ''), all.length]));
};

describe('on the emulator', () => {
  const faults: (Fault | 'none')[] = [
    'none',
    '500_after',
    'reset_after',
    'timeout_after',
    'malformed',
    'missing_fields',
    '500_before',
    'html_200',
  ];
  const grid = Object.keys(PATHS).flatMap((type) => faults.map((fault) => [type, fault] as const));
  test.each(grid)('a %s is made once and taken away, POST %s', async (type, fault) => {
    const request = volumeRequest(`${type}/${fault}`, { type, spec: specs[type] ?? {} });
    if (fault !== 'none') emulator.addFaults([{ match: { method: 'POST', path: PATHS[type] ?? '' }, fault }]);
    const before = counts();
    const { provider_id } = await createResource(on, request);
    const { observed } = await waitActive(on, request);
    expect(counts()[type]).toBe((before[type] ?? 0) + 1);
    expect(await findCloudResource(sql, request.urn)).toMatchObject({ state: 'active', provider_id, observed });
    expect(Object.values(emulator.faults().fired)).toEqual(fault === 'none' ? [] : [1]);
    await deleteResource(on, request);
    await on.clock.sleep(10_000);
    expect(counts()[type]).toBe(before[type]);
    expect(await findCloudResource(sql, request.urn)).toMatchObject({ state: 'deleted' });
  });

  test('a droplet that is deleted before it can be found does not come back', async () => {
    const request = volumeRequest('young', { type: 'droplet', spec: specs['droplet'] ?? null });
    await createResource(on, request);
    expect(counts()['droplet']).toBe(2);
    await deleteResource(on, request);
    await on.clock.sleep(200_000);
    expect(counts()['droplet']).toBe(1);
  });

  test.each([
    ['action_errored', 'CREATE_FAILED'],
    ['never_active', 'RESOURCE_VANISHED'],
  ] as const)('a droplet that was accepted and came to nothing (%s) ends the wait', async (fault, code) => {
    emulator.addFaults([{ match: { method: 'POST', path: '^/v2/droplets$' }, fault }]);
    const request = volumeRequest(fault, { type: 'droplet', spec: specs['droplet'] ?? null });
    await createResource(on, request);
    await expect(waitActive(on, request)).rejects.toMatchObject({ code, retryable: false });
  });
});
