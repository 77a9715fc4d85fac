import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createEmulator } from '../../../src/cloud/emulator/create-emulator.ts';
import { manualClock } from './manual-clock.ts';
import { DROPLET, emulated, madeDroplet, madeVolume, send, TOKEN, type Rig } from './rig.ts';

const RULE = { protocol: 'tcp' as const, ports: '22', sources: { addresses: ['0.0.0.0/0'] } };

it('serves the same truth, faults, change and reset over HTTP without a token', async () => {
  const { emulator, ok } = await emulated();
  const over = (what: string, body?: unknown) => send(emulator.url, what, { body, token: null });
  await ok('POST /v2/droplets', DROPLET);
  const { body: truth } = await over('GET /__truth');
  expect(truth).toEqual(JSON.parse(JSON.stringify(emulator.truth())));
  expect(truth).toMatchObject({ resources: { droplets: [{ name: 'web-1', status: 'new' }] }, created: { droplet: 1, vpc: 1 } });
  expect((await over('POST /__faults', [{ match: { path: 'tags' }, fault: '403' }])).body.scripts).toMatchObject([
    { fault: '403', nth: 1, times: 1, fired: 0 },
  ]);
  expect((await send(emulator.url, 'GET /v2/tags')).status).toBe(403);
  expect((await over('GET /__faults')).body.fired).toEqual({ '403': 1 });
  expect((await over('DELETE /__faults')).body.scripts).toEqual([]);
  expect((await over('POST /__change', { type: 'droplet', id: truth.resources.droplets[0].id, set: { name: 'x' } })).status).toBe(200);
  expect(emulator.truth().resources.droplets).toMatchObject([{ name: 'x' }]);
  await over('POST /__reset');
  expect(emulator.truth()).toMatchObject({ resources: { droplets: [] }, created: {}, requests: {}, actions: [] });
});

it('gives no id twice, not even after a reset', async () => {
  const rig = await emulated();
  const { id } = await madeDroplet(rig);
  rig.emulator.reset();
  expect((await madeDroplet(rig)).id).toBeGreaterThan(id);
});

it.each<[string, unknown]>([
  ['POST /__faults', [{ match: { path: '(' }, fault: '403' }]],
  ['POST /__faults', [{ match: { path: 'a' }, fault: 'meteor' }]],
  ['POST /__faults', []],
  ['POST /__faults', 'no JSON'],
  ['POST /__change', { type: 'droplet', id: 1, set: { name: 'x' } }],
  ['POST /__change', { type: 'droplet', id: 1, set: { nome: 'x' } }],
])('refuses %s %j with what is wrong', async (what, body) => {
  const { emulator } = await emulated();
  expect(await send(emulator.url, what, { body })).toMatchObject({
    status: 400,
    body: { message: expect.stringMatching(/expected|too small|JSON|unrecognized|invalid/i) },
  });
});

it('refuses a droplet of a size that does not exist, also behind the back of a client', async () => {
  const rig = await emulated();
  const { id } = await madeDroplet(rig);
  expect(() => rig.emulator.change({ type: 'droplet', id, set: { size_slug: 'none' } })).toThrow('set.size_slug: expected one of s-1vcpu');
});

it('names the controls that there are', async () => {
  const { emulator } = await emulated();
  expect(await send(emulator.url, 'GET /__nothing')).toMatchObject({
    status: 404,
    body: { message: expect.stringContaining('GET /__truth') },
  });
});

it('changes and deletes resources of every type behind the back of a client, whatever locks them', async () => {
  const rig = await emulated();
  const { change } = rig.emulator;
  const { id } = await madeDroplet(rig, { tags: ['run-1'] });
  const volume = await madeVolume(rig, { tags: ['run-1'] });
  const { firewall } = await rig.ok('POST /v2/firewalls', { name: 'wall', inbound_rules: [RULE] });
  const { reserved_ip } = await rig.ok('POST /v2/reserved_ips', { droplet_id: id });
  change({ type: 'droplet', id, set: { size_slug: 's-2vcpu-4gb', status: 'off' }, add_tags: ['odd'], remove_tags: ['RUN-1'] });
  expect((await rig.ok(`GET /v2/droplets/${id}`)).droplet).toMatchObject({ size_slug: 's-2vcpu-4gb', status: 'off', tags: ['odd'] });
  change({ type: 'volume', id: volume.id, set: { size_gigabytes: 99 } });
  expect((await rig.ok(`GET /v2/volumes/${volume.id}`)).volume.size_gigabytes).toBe(99);
  change({ type: 'firewall', id: firewall.id, add_inbound_rule: { ...RULE, ports: '3389' } });
  expect((await rig.ok(`GET /v2/firewalls/${firewall.id}`)).firewall.inbound_rules).toHaveLength(2);
  const { vpcs } = rig.emulator.truth().resources;
  change({ type: 'reserved_ip', id: reserved_ip.ip, delete: true });
  change({ type: 'volume', id: volume.id, delete: true });
  change({ type: 'firewall', id: firewall.id, delete: true });
  change({ type: 'droplet', id, delete: true });
  change({ type: 'vpc', id: String(vpcs[0]?.id), delete: true });
  change({ type: 'tag', id: 'odd', delete: true });
  expect(rig.emulator.truth().resources).toMatchObject({
    droplets: [],
    volumes: [],
    firewalls: [],
    reserved_ips: [],
    vpcs: [],
    tags: [{ name: 'run-1' }],
  });
});

it('says so when there is nothing to change', async () => {
  const { emulator } = await emulated();
  expect(() => emulator.change({ type: 'volume', id: 'a', delete: true })).toThrow('volume a: expected one that exists, found none');
});

it('survives a restart with a state file: resources, actions under way, faults and the use of tokens', async () => {
  const state_file = join(mkdtempSync(join(tmpdir(), 'emulator-')), 'state.json');
  const clock = manualClock();
  const limits = { requests_per_minute: 2 };
  const first = await createEmulator({ clock, state_file, limits });
  first.addFaults([{ match: { path: 'account' }, fault: '403', times: 2 }]);
  expect((await send(first.url, 'GET /v2/account')).status).toBe(403);
  const { droplet, links } = (await send(first.url, 'POST /v2/droplets', { body: { ...DROPLET, tags: ['run-1'] } })).body;
  await first.close();
  expect(statSync(state_file).mode & 0o077).toBe(0);
  expect(readFileSync(state_file, 'utf8')).not.toContain(TOKEN);

  const rig: Rig = await emulated({ clock, state_file, limits });
  expect((await rig.ask('GET /v2/tags')).status).toBe(429);
  clock.advance(60_000);
  expect((await rig.ok(`GET /v2/droplets/${droplet.id}`)).droplet).toMatchObject({ status: 'active', tags: ['run-1'] });
  expect((await send(rig.emulator.url, 'GET /v2/account')).status).toBe(403);
  expect(rig.emulator.truth().actions).toMatchObject([{ id: links.actions[0].id, status: 'completed' }]);
  expect(rig.emulator.faults().fired).toEqual({ '403': 2 });
});

it('refuses to start on a file that is no state', async () => {
  const state_file = join(mkdtempSync(join(tmpdir(), 'emulator-')), 'state.json');
  writeFileSync(state_file, '{"version":7}');
  await expect(createEmulator({ state_file })).rejects.toThrow(
    /expected the state of an emulator in version 1, got version 7; remove the file/,
  );
});

it('runs on the time of the machine when it is given no clock', async () => {
  const emulator = await createEmulator({ delays: { droplet_visible_ms: 1, droplet_active_ms: 1 } });
  const { droplet } = (await send(emulator.url, 'POST /v2/droplets', { body: DROPLET })).body;
  await expect.poll(async () => (await send(emulator.url, `GET /v2/droplets/${droplet.id}`)).body.droplet?.status).toBe('active');
  await emulator.close();
});

it('refuses a port that is taken', async () => {
  const { emulator } = await emulated();
  await expect(createEmulator({ port: Number(new URL(emulator.url).port) })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
