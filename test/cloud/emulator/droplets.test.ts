import { expect, it } from 'vitest';
import { DROPLET, emulated, madeDroplet, madeVolume } from './rig.ts';

const LATE = { droplet_visible_ms: 1000, droplet_active_ms: 3000, tag_lag_ms: 5000 };

it('accepts a droplet at once, and shows, activates and tags it later', async () => {
  const { ok, ask, clock } = await emulated({ delays: LATE });
  const { droplet, links } = await ok('POST /v2/droplets', { ...DROPLET, tags: ['run-1'] });
  expect(droplet).toMatchObject({ status: 'new', locked: true, tags: [], networks: { v4: [] } });
  expect((await ask(`GET /v2/droplets/${droplet.id}`)).status).toBe(404);
  expect((await ok('GET /v2/droplets')).droplets).toEqual([]);
  clock.advance(1000);
  expect((await ok(`GET /v2/droplets/${droplet.id}`)).droplet.status).toBe('new');
  clock.advance(2000);
  expect((await ok(`GET /v2/droplets/${droplet.id}`)).droplet).toMatchObject({ status: 'active', locked: false, tags: [] });
  expect((await ok('GET /v2/droplets?tag_name=run-1')).droplets).toEqual([]);
  clock.advance(2000);
  expect((await ok('GET /v2/droplets?tag_name=RUN-1')).droplets).toMatchObject([{ id: droplet.id, tags: ['run-1'] }]);
  const [{ href }] = links.actions;
  expect((await ok(`GET ${new URL(href).pathname}`)).action).toMatchObject({
    type: 'create',
    status: 'completed',
    resource_id: droplet.id,
  });
});

it('answers the action of an accepted droplet while the droplet cannot be seen yet', async () => {
  const { ok } = await emulated({ delays: LATE });
  const { links } = await ok('POST /v2/droplets', DROPLET);
  expect((await ok(`GET /v2/actions/${links.actions[0].id}`)).action).toMatchObject({ status: 'in-progress', completed_at: null });
});

it('answers every delete after the first by 404, and leaves volumes and addresses behind', async () => {
  const rig = await emulated();
  const volume = await madeVolume(rig);
  const { id } = await madeDroplet(rig, { volumes: [volume.id] });
  const { reserved_ip } = await rig.ok('POST /v2/reserved_ips', { droplet_id: id });
  rig.settle();
  expect((await rig.ok(`GET /v2/volumes/${volume.id}`)).volume.droplet_ids).toEqual([id]);
  expect((await rig.ask(`DELETE /v2/droplets/${id}`)).status).toBe(204);
  expect((await rig.ask(`DELETE /v2/droplets/${id}`)).status).toBe(404);
  expect((await rig.ok(`GET /v2/volumes/${volume.id}`)).volume.droplet_ids).toEqual([]);
  expect((await rig.ok(`GET /v2/reserved_ips/${reserved_ip.ip}`)).reserved_ip.droplet).toBeNull();
  expect(rig.emulator.truth()).toMatchObject({ created: { droplet: 1 }, destroyed: { droplet: 1 } });
});

it('refuses actions and deletion while an action is in progress', async () => {
  const rig = await emulated();
  const { id } = await madeDroplet(rig);
  await rig.ok(`POST /v2/droplets/${id}/actions`, { type: 'power_off' });
  const refused = { status: 422, body: { id: 'unprocessable_entity', message: 'Droplet already has a pending event.' } };
  expect(await rig.ask(`POST /v2/droplets/${id}/actions`, { type: 'rename', name: 'x' })).toMatchObject(refused);
  expect(await rig.ask(`DELETE /v2/droplets/${id}`)).toMatchObject(refused);
  rig.settle();
  expect((await rig.ok(`GET /v2/droplets/${id}`)).droplet).toMatchObject({ name: 'web-1', status: 'off', locked: false });
  expect((await rig.ask(`DELETE /v2/droplets/${id}`)).status).toBe(204);
});

it('finds a droplet by its exact name whatever the case', async () => {
  const rig = await emulated();
  const { id } = await madeDroplet(rig, { name: 'Web-1' });
  await madeDroplet(rig, { name: 'web-10' });
  expect((await rig.ok('GET /v2/droplets?name=wEB-1')).droplets.map((one: { id: number }) => one.id)).toEqual([id]);
  expect((await rig.ask('GET /v2/droplets?name=web-1&tag_name=a')).status).toBe(422);
});

it('lists droplets with GPUs apart, and under no tag', async () => {
  const rig = await emulated();
  const gpu = await madeDroplet(rig, { size: 'gpu-h100x1-80gb', region: 'tor1', tags: ['run-1'] });
  for (const query of ['', '?name=web-1', '?tag_name=run-1']) expect((await rig.ok(`GET /v2/droplets${query}`)).droplets).toEqual([]);
  expect((await rig.ok('GET /v2/droplets?type=gpus')).droplets).toMatchObject([{ id: gpu.id, tags: ['run-1'] }]);
});

it('refuses droplets beyond the limit of the account, also those that cannot be seen yet, and names the request', async () => {
  const { ok, ask } = await emulated({ limits: { droplets: 2 } });
  await ok('POST /v2/droplets', DROPLET);
  const { status, body } = await ask('POST /v2/droplets', { ...DROPLET, name: undefined, names: ['a', 'b'] });
  expect({ status, ...body }).toMatchObject({
    status: 422,
    message: 'creating this/these droplet(s) will exceed your droplet limit',
    request_id: expect.any(String),
  });
});

it('resizes a droplet that is off, and only to a size with as large a disk', async () => {
  const rig = await emulated();
  const { id } = await madeDroplet(rig);
  const act = (body: object) => rig.ask(`POST /v2/droplets/${id}/actions`, body);
  expect((await act({ type: 'resize', size: 's-2vcpu-4gb', disk: true })).status).toBe(422);
  await act({ type: 'shutdown' });
  rig.settle();
  expect((await act({ type: 'resize', size: 's-1vcpu-512mb-10gb' })).status).toBe(422);
  expect((await act({ type: 'resize', size: 's-2vcpu-4gb', disk: true })).status).toBe(201);
  rig.settle();
  expect((await rig.ok(`GET /v2/droplets/${id}`)).droplet).toMatchObject({
    size_slug: 's-2vcpu-4gb',
    disk: 80,
    memory: 4096,
    status: 'off',
  });
  expect((await rig.ok(`GET /v2/droplets/${id}/actions`)).actions.map(({ type }: { type: string }) => type)).toEqual([
    'resize',
    'shutdown',
    'create',
  ]);
});

it.each([
  ['no name', { name: undefined }],
  ['a name that is no host name', { name: 'web_1' }],
  ['both name and names', { names: ['a'] }],
  ['eleven names', { name: undefined, names: Array.from({ length: 11 }, (_, n) => `w${n}`) }],
  ['an unknown region', { region: 'mars1' }],
  ['an unknown size', { size: 's-0vcpu' }],
  ['a size that the region does not have', { size: 'gpu-h100x1-80gb' }],
  ['an unknown image', { image: 'windows' }],
  ['an unknown VPC', { vpc_uuid: 'a' }],
  ['a bad tag', { tags: ['no spaces'] }],
  ['an unknown volume', { volumes: ['a'] }],
  ['user data of more than 64 KiB', { user_data: 'x'.repeat(65_537) }],
])('refuses a droplet with %s, and makes nothing', async (_name, wrong) => {
  const { ask, emulator } = await emulated();
  expect((await ask('POST /v2/droplets', { ...DROPLET, ...wrong })).status).toBe(422);
  expect(emulator.truth().created).toEqual({});
});
