import { expect, it } from 'vitest';
import { emulated, madeDroplet, madeVolume } from './rig.ts';

it('keeps the spelling that came first, whatever case a tag is asked for in', async () => {
  const rig = await emulated();
  await rig.ok('POST /v2/tags', { name: 'Prod' });
  expect((await rig.ok('POST /v2/tags', { name: 'PROD' })).tag.name).toBe('Prod');
  const { id } = await madeVolume(rig, { tags: ['prod', 'PROD'] });
  expect((await rig.ok(`GET /v2/volumes/${id}`)).volume.tags).toEqual(['Prod']);
  expect((await rig.ok('GET /v2/tags')).meta.total).toBe(1);
});

it('tags and untags resources of several types, and counts them', async () => {
  const rig = await emulated();
  const [droplet, volume] = [await madeDroplet(rig), await madeVolume(rig)];
  await rig.ok('POST /v2/tags', { name: 'mine' });
  const one = { resource_id: String(droplet.id), resource_type: 'droplet' };
  const two = { resource_id: volume.id, resource_type: 'volume' };
  await rig.ok('POST /v2/tags/mine/resources', { resources: [one, two] });
  const { resources } = (await rig.ok('GET /v2/tags/mine')).tag;
  expect(resources).toMatchObject({
    count: 2,
    droplets: { count: 1, last_tagged_uri: expect.stringContaining(String(droplet.id)) },
    volumes: { count: 1 },
  });
  await rig.ok('DELETE /v2/tags/mine/resources', { resources: [one] });
  expect((await rig.ok(`GET /v2/droplets/${droplet.id}`)).droplet.tags).toEqual([]);
  await rig.ok('DELETE /v2/tags/mine');
  expect((await rig.ok(`GET /v2/volumes/${volume.id}`)).volume.tags).toEqual([]);
  expect((await rig.ask('GET /v2/tags/mine')).status).toBe(404);
});

it('tags nothing when one of the resources is not there', async () => {
  const rig = await emulated();
  const volume = await madeVolume(rig);
  await rig.ok('POST /v2/tags', { name: 'mine' });
  const resources = [
    { resource_id: volume.id, resource_type: 'volume' },
    { resource_id: '1', resource_type: 'droplet' },
  ];
  expect((await rig.ask('POST /v2/tags/mine/resources', { resources })).status).toBe(404);
  expect((await rig.ok(`GET /v2/volumes/${volume.id}`)).volume.tags).toEqual([]);
});

it.each(['no spaces', '', 'ü', 'x'.repeat(256)])('refuses the tag "%s"', async (name) => {
  const rig = await emulated();
  expect(await rig.ask('POST /v2/tags', { name })).toMatchObject({ status: 400, body: { root_causes: [expect.any(String)] } });
});
