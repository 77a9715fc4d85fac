import { expect, it } from 'vitest';
import { emulated, madeDroplet, madeVolume } from './rig.ts';

it('has one volume of a name in a region', async () => {
  const rig = await emulated();
  const { id } = await madeVolume(rig);
  expect(await rig.ask('POST /v2/volumes', { name: 'data', region: 'nyc3', size_gigabytes: 1 })).toMatchObject({
    status: 409,
    body: { id: 'conflict' },
  });
  await madeVolume(rig, { region: 'ams3' });
  expect((await rig.ok('GET /v2/volumes?name=data&region=nyc3')).volumes).toMatchObject([{ id, size_gigabytes: 10 }]);
  expect((await rig.ask('DELETE /v2/volumes?name=data&region=nyc3')).status).toBe(204);
  expect((await rig.ask('DELETE /v2/volumes?name=data&region=nyc3')).status).toBe(404);
  expect((await rig.ok('GET /v2/volumes')).meta.total).toBe(1);
});

it('keeps a volume that is attached, and locks it and its droplet while it is being attached', async () => {
  const rig = await emulated();
  const [volume, droplet] = [await madeVolume(rig), await madeDroplet(rig)];
  const { action } = await rig.ok(`POST /v2/volumes/${volume.id}/actions`, { type: 'attach', droplet_id: droplet.id });
  expect(action).toMatchObject({ type: 'attach_volume', status: 'in-progress' });
  expect((await rig.ask(`POST /v2/droplets/${droplet.id}/actions`, { type: 'power_off' })).status).toBe(422);
  expect((await rig.ask(`DELETE /v2/volumes/${volume.id}`)).status).toBe(422);
  rig.settle();
  expect((await rig.ask(`DELETE /v2/volumes/${volume.id}`)).status).toBe(409);
  expect((await rig.ok(`GET /v2/droplets/${droplet.id}`)).droplet.volume_ids).toEqual([volume.id]);
  await rig.ok(`POST /v2/volumes/${volume.id}/actions`, { type: 'detach', droplet_id: droplet.id });
  rig.settle();
  expect((await rig.ask(`DELETE /v2/volumes/${volume.id}`)).status).toBe(204);
  expect((await rig.ask(`DELETE /v2/volumes/${volume.id}`)).status).toBe(404);
});

it('attaches a volume to one droplet, of its own region', async () => {
  const rig = await emulated();
  const [here, there, second] = [await madeDroplet(rig), await madeDroplet(rig, { region: 'ams3' }), await madeDroplet(rig)];
  const volume = await madeVolume(rig);
  const act = async (body: object): Promise<number> => (await rig.ask(`POST /v2/volumes/${volume.id}/actions`, body)).status;
  expect(await act({ type: 'attach', droplet_id: there.id })).toBe(422);
  expect(await act({ type: 'detach', droplet_id: here.id })).toBe(422);
  expect(await act({ type: 'attach', droplet_id: here.id })).toBe(202);
  rig.settle();
  expect(await act({ type: 'attach', droplet_id: second.id })).toBe(422);
  expect(await act({ type: 'attach', droplet_id: 1 })).toBe(404);
});

it('attaches at most 15 volumes to a droplet', async () => {
  const rig = await emulated();
  const volumes = [];
  for (let n = 0; n < 16; n += 1) volumes.push((await madeVolume(rig, { name: `v${n}` })).id);
  const droplet = await madeDroplet(rig, { volumes: volumes.slice(0, 14) });
  const attach = (id: string) => rig.ask(`POST /v2/volumes/${id}/actions`, { type: 'attach', droplet_id: droplet.id });
  expect((await attach(volumes[14])).status).toBe(202);
  rig.settle();
  expect((await attach(volumes[15])).status).toBe(422);
});

it('makes a volume larger, never smaller', async () => {
  const rig = await emulated();
  const { id } = await madeVolume(rig);
  expect((await rig.ask(`POST /v2/volumes/${id}/actions`, { type: 'resize', size_gigabytes: 10 })).status).toBe(422);
  await rig.ok(`POST /v2/volumes/${id}/actions`, { type: 'resize', size_gigabytes: 11 });
  expect((await rig.ok(`GET /v2/volumes/${id}`)).volume.size_gigabytes).toBe(10);
  rig.settle();
  expect((await rig.ok(`GET /v2/volumes/${id}`)).volume.size_gigabytes).toBe(11);
});

it.each([
  ['an upper case name', { name: 'Data' }],
  ['a name of 65 letters', { name: 'x'.repeat(65) }],
  ['no size', { size_gigabytes: undefined }],
  ['a size beyond 16 TiB', { size_gigabytes: 16_385 }],
  ['an unknown region', { region: 'mars1' }],
])('refuses a volume with %s', async (_name, wrong) => {
  const rig = await emulated();
  expect((await rig.ask('POST /v2/volumes', { name: 'data', region: 'nyc3', size_gigabytes: 10, ...wrong })).status).toBe(422);
});

it('keeps snapshots of droplets and volumes, also when these are gone', async () => {
  const rig = await emulated();
  const [droplet, volume] = [await madeDroplet(rig), await madeVolume(rig)];
  await rig.ok(`POST /v2/droplets/${droplet.id}/actions`, { type: 'snapshot', name: 'of-web' });
  await rig.ok(`POST /v2/volumes/${volume.id}/snapshots`, { name: 'of-data', tags: ['kept'] });
  rig.settle();
  await rig.ok(`DELETE /v2/droplets/${droplet.id}`);
  await rig.ok(`DELETE /v2/volumes/${volume.id}`);
  const { snapshots } = await rig.ok('GET /v2/snapshots?resource_type=droplet');
  expect(snapshots).toMatchObject([{ name: 'of-web', resource_id: String(droplet.id) }]);
  expect((await rig.ok('GET /v2/snapshots?resource_type=volume')).snapshots).toMatchObject([
    { name: 'of-data', resource_id: volume.id, tags: ['kept'] },
  ]);
  expect((await rig.ask(`DELETE /v2/snapshots/${snapshots[0].id}`)).status).toBe(204);
  expect((await rig.ask(`DELETE /v2/snapshots/${snapshots[0].id}`)).status).toBe(404);
});
