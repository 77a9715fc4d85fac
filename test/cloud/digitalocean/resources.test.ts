import { afterEach, beforeEach, expect, test } from 'vitest';
import { getAccount } from '../../../src/cloud/digitalocean/account.ts';
import { getAction } from '../../../src/cloud/digitalocean/actions.ts';
import type { DigitalOceanApi } from '../../../src/cloud/digitalocean/api.ts';
import { actOnDroplet } from '../../../src/cloud/digitalocean/droplet-actions.ts';
import { createDroplet, getDroplet, listDroplets } from '../../../src/cloud/digitalocean/droplets.ts';
import { createFirewall, getFirewall, replaceFirewall } from '../../../src/cloud/digitalocean/firewalls.ts';
import { assignReservedIp, createReservedIp, getReservedIp } from '../../../src/cloud/digitalocean/reserved-ips.ts';
import { listSnapshots } from '../../../src/cloud/digitalocean/snapshots.ts';
import { createTag, tagResources } from '../../../src/cloud/digitalocean/tags.ts';
import { actOnVolume } from '../../../src/cloud/digitalocean/volume-actions.ts';
import { createVolume, deleteVolume, getVolume } from '../../../src/cloud/digitalocean/volumes.ts';
import { createEmulator } from '../../../src/cloud/emulator/create-emulator.ts';
import type { Emulator } from '../../../src/cloud/emulator/create-emulator.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { testApi } from '../volume-world.ts';

let clock: VirtualClock;
let emulator: Emulator;
let api: DigitalOceanApi;
let droplet_id: number;
beforeEach(async () => {
  clock = new VirtualClock();
  emulator = await createEmulator({ clock });
  api = testApi(emulator.url);
  const { droplet } = await createDroplet(api, { name: 'a', region: 'fra1', size: 's-1vcpu-1gb', image: 'debian-12-x64', tags: ['web'] });
  droplet_id = droplet.id;
  await clock.sleep(10_000);
});
afterEach(async () => await emulator.close());

const settled = async (id: number): Promise<string | undefined> => {
  await clock.sleep(10_000);
  return (await getAction(api, id))?.status;
};

test('an account tells its limit and whether it is locked', async () => {
  expect(await getAccount(api)).toMatchObject({ status: 'active', droplet_limit: 25 });
});

test('a volume is attached, cannot be deleted then, and is detached', async () => {
  const { id } = await createVolume(api, { name: 'data', region: 'fra1', size_gigabytes: 1, tags: [] });
  const attach = { type: 'attach', droplet_id, region: 'fra1' } as const;
  const { id: attaching, status } = await actOnVolume(api, { volume_id: id, action: attach });
  expect([status, await settled(attaching)]).toEqual(['in-progress', 'completed']);
  expect(await getVolume(api, id)).toMatchObject({ droplet_ids: [droplet_id] });
  expect(await getDroplet(api, droplet_id)).toMatchObject({ volume_ids: [id] });
  await expect(deleteVolume(api, id)).rejects.toMatchObject({ outcome: 'refused' });
  const detaching = await actOnVolume(api, { volume_id: id, action: { ...attach, type: 'detach' } });
  expect(await settled(detaching.id)).toBe('completed');
  expect([await deleteVolume(api, id), await deleteVolume(api, id)]).toEqual([true, false]);
});

test('a droplet does one thing after the other', async () => {
  const taking = await actOnDroplet(api, { droplet_id, action: { type: 'snapshot', name: 'before' } });
  const other = actOnDroplet(api, { droplet_id, action: { type: 'power_off' } });
  await expect(other).rejects.toMatchObject({ code: 'LOCKED', retryable: true, outcome: 'refused' });
  expect(await settled(taking.id)).toBe('completed');
  expect(await listSnapshots(api)).toMatchObject([{ name: 'before', resource_type: 'droplet', resource_id: String(droplet_id) }]);
  expect(await getAction(api, 1)).toBe(undefined);
});

test('a firewall is replaced as a whole', async () => {
  const rule = { protocol: 'tcp', ports: '22', sources: { addresses: ['192.0.2.0/24'] } };
  const { id } = await createFirewall(api, { name: 'fw', inbound_rules: [rule], droplet_ids: [droplet_id] });
  const ports = { ...rule, ports: '443' };
  await replaceFirewall(api, { id, body: { name: 'fw', inbound_rules: [ports], tags: ['web'] } });
  await clock.sleep(10_000);
  expect(await getFirewall(api, id)).toMatchObject({
    status: 'succeeded',
    droplet_ids: [],
    tags: ['web'],
    inbound_rules: [{ ports: '443' }],
  });
});

test('an address is taken off its droplet and given back', async () => {
  const { ip } = await createReservedIp(api, droplet_id);
  await clock.sleep(10_000);
  const off = await assignReservedIp(api, { ip, droplet_id: null });
  expect([await settled(off.id), (await getReservedIp(api, ip))?.droplet_id]).toEqual(['completed', null]);
  const back = await assignReservedIp(api, { ip, droplet_id });
  expect([await settled(back.id), (await getReservedIp(api, ip))?.droplet_id]).toEqual(['completed', droplet_id]);
});

test('a tag is given to a droplet', async () => {
  await createTag(api, { name: 'db' });
  await tagResources(api, { tag: 'db', resources: [{ resource_id: String(droplet_id), resource_type: 'droplet' }] });
  await clock.sleep(10_000);
  expect((await listDroplets(api))[0]?.tags.toSorted()).toEqual(['db', 'web']);
});
