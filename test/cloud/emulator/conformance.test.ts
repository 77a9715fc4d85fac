import { expect, it } from 'vitest';
import { tokenLabel } from '../../../src/cloud/emulator/token-use.ts';
import { missing } from '../../support/optional.ts';
import { DROPLET, emulated, madeDroplet, madeVolume, TOKEN, type Rig } from './rig.ts';

const DESCRIBED = process.env['CEREBROS_DO_OPENAPI'];

/** Every exchange is held against the description by the rig, here and in all tests of this folder. */
it('fits the official description in every operation, when it is there to be compared with', async () => {
  if (DESCRIBED === undefined && process.env['CI'] !== 'true') {
    missing('the comparison of the emulated cloud with its description', "name DigitalOcean's OpenAPI file (JSON) in CEREBROS_DO_OPENAPI");
  }
  const rig = await emulated();
  for (const tour of [network, compute, storage, addresses, labels, lists]) await tour(rig);
  const asked = rig.emulator.truth().requests[tokenLabel(TOKEN)]?.by_route;
  expect(rig.emulator.routes.filter((route) => asked?.[route] === undefined)).toEqual([]);
});

async function network(rig: Rig): Promise<void> {
  const { vpc } = await rig.ok('POST /v2/vpcs', { name: 'first', region: 'nyc3', description: 'the default', ip_range: '10.9.0.0/24' });
  const { vpc: second } = await rig.ok('POST /v2/vpcs', { name: 'second', region: 'nyc3' });
  await rig.ok(`GET /v2/vpcs/${vpc.id}`);
  await rig.ok(`PUT /v2/vpcs/${second.id}`, { name: 'renamed', default: true });
  await rig.ok(`PATCH /v2/vpcs/${second.id}`, { description: 'the default now' });
  await rig.ok(`GET /v2/vpcs/${vpc.id}/members`);
  await rig.ok(`DELETE /v2/vpcs/${vpc.id}`);
}

async function compute(rig: Rig): Promise<void> {
  const { id } = await madeDroplet(rig, { tags: ['toured'], backups: true });
  await rig.ok('POST /v2/droplets', { ...DROPLET, name: undefined, names: ['a', 'b'] });
  const gpu = await madeDroplet(rig, { name: 'gpu', size: 'gpu-h100x1-80gb', region: 'tor1', image: 'gpu-h100x1-base' });
  await rig.ok(`GET /v2/droplets/${gpu.id}`);
  const { action } = await rig.ok(`POST /v2/droplets/${id}/actions`, { type: 'power_off' });
  await rig.ok(`GET /v2/droplets/${id}/actions/${action.id}`);
  await rig.ok(`GET /v2/actions/${action.id}`);
  for (const body of [
    { type: 'resize', size: 's-2vcpu-2gb', disk: true },
    { type: 'rename', name: 'renamed' },
    { type: 'snapshot', name: 's' },
  ]) {
    rig.settle();
    await rig.ok(`POST /v2/droplets/${id}/actions`, body);
  }
  rig.settle();
  const { snapshots } = await rig.ok(`GET /v2/droplets/${id}/snapshots`);
  await madeDroplet(rig, { name: 'copy', image: snapshots[0].id, size: 's-2vcpu-2gb' });
  await rig.ok(`GET /v2/snapshots/${snapshots[0].id}`);
  await rig.ok(`DELETE /v2/snapshots/${snapshots[0].id}`);
  await rig.ok(`DELETE /v2/droplets/${gpu.id}`);
}

async function storage(rig: Rig): Promise<void> {
  const droplet = await madeDroplet(rig, { name: 'with-volume' });
  const volume = await madeVolume(rig, { tags: ['toured'], filesystem_type: 'ext4', filesystem_label: 'data', description: 'of the tour' });
  const { action } = await rig.ok(`POST /v2/volumes/${volume.id}/actions`, { type: 'attach', droplet_id: droplet.id, region: 'nyc3' });
  await rig.ok(`GET /v2/volumes/${volume.id}/actions/${action.id}`);
  rig.settle();
  await rig.ok(`GET /v2/volumes/${volume.id}`);
  await rig.ok(`POST /v2/volumes/${volume.id}/actions`, { type: 'resize', size_gigabytes: 20 });
  rig.settle();
  await rig.ok(`POST /v2/volumes/${volume.id}/actions`, { type: 'detach', droplet_id: droplet.id });
  rig.settle();
  await rig.ok(`GET /v2/volumes/${volume.id}/actions`);
  const { snapshot } = await rig.ok(`POST /v2/volumes/${volume.id}/snapshots`, { name: 'of-data', tags: ['toured'] });
  await rig.ok(`GET /v2/volumes/${volume.id}/snapshots`);
  await rig.ok('POST /v2/volumes', { name: 'from-snapshot', region: 'nyc3', size_gigabytes: 20, snapshot_id: snapshot.id });
  await rig.ok(`DELETE /v2/volumes/${volume.id}`);
  await rig.ok('DELETE /v2/volumes?name=from-snapshot&region=nyc3');
}

async function addresses(rig: Rig): Promise<void> {
  const droplet = await madeDroplet(rig, { name: 'with-address' });
  const { reserved_ip } = await rig.ok('POST /v2/reserved_ips', { droplet_id: droplet.id });
  await rig.ok('POST /v2/reserved_ips', { region: 'ams3' });
  await rig.ok(`GET /v2/reserved_ips/${reserved_ip.ip}`);
  rig.settle();
  const { action } = await rig.ok(`POST /v2/reserved_ips/${reserved_ip.ip}/actions`, { type: 'unassign' });
  await rig.ok(`GET /v2/reserved_ips/${reserved_ip.ip}/actions/${action.id}`);
  rig.settle();
  await rig.ok(`POST /v2/reserved_ips/${reserved_ip.ip}/actions`, { type: 'assign', droplet_id: droplet.id });
  rig.settle();
  await rig.ok(`GET /v2/reserved_ips/${reserved_ip.ip}`);
  await rig.ok(`GET /v2/reserved_ips/${reserved_ip.ip}/actions`);
  await rig.ok('GET /v2/reserved_ips');
  await rig.ok(`DELETE /v2/reserved_ips/${reserved_ip.ip}`);
}

async function labels(rig: Rig): Promise<void> {
  const droplet = await madeDroplet(rig, { name: 'with-firewall' });
  const rules = {
    inbound_rules: [{ protocol: 'tcp', ports: '22', sources: { addresses: ['0.0.0.0/0', '::/0'], tags: ['toured'] } }],
    outbound_rules: [{ protocol: 'icmp', ports: '0', destinations: { droplet_ids: [droplet.id] } }],
  };
  const { firewall } = await rig.ok('POST /v2/firewalls', { name: 'wall', ...rules, droplet_ids: [droplet.id], tags: ['toured'] });
  await rig.ok(`PUT /v2/firewalls/${firewall.id}`, { name: 'wall', ...rules });
  const more = { inbound_rules: [{ protocol: 'udp', ports: '8000-9000', sources: { addresses: ['10.0.0.0/8'] } }] };
  await rig.ok(`POST /v2/firewalls/${firewall.id}/droplets`, { droplet_ids: [droplet.id] });
  await rig.ok(`POST /v2/firewalls/${firewall.id}/rules`, more);
  await rig.ok(`GET /v2/firewalls/${firewall.id}`);
  await rig.ok(`GET /v2/droplets/${droplet.id}/firewalls`);
  await rig.ok(`DELETE /v2/firewalls/${firewall.id}/rules`, more);
  await rig.ok(`DELETE /v2/firewalls/${firewall.id}/droplets`, { droplet_ids: [droplet.id] });
  await rig.ok('GET /v2/firewalls');
  await rig.ok(`DELETE /v2/firewalls/${firewall.id}`);
  await rig.ok('POST /v2/tags', { name: 'later' });
  const resources = { resources: [{ resource_id: String(droplet.id), resource_type: 'droplet' }] };
  await rig.ok('POST /v2/tags/later/resources', resources);
  await rig.ok('GET /v2/tags/later');
  await rig.ok('DELETE /v2/tags/later/resources', resources);
  await rig.ok('DELETE /v2/tags/later');
  await rig.ok(`GET /v2/droplets/${droplet.id}/actions`);
}

async function lists(rig: Rig): Promise<void> {
  await rig.ok('GET /v2/account');
  for (const path of ['actions', 'droplets', 'volumes', 'snapshots', 'vpcs', 'tags']) {
    await rig.ok(`GET /v2/${path}`);
    await rig.ok(`GET /v2/${path}?page=2&per_page=1`);
    await rig.ask(`GET /v2/${path}?per_page=201`);
  }
  for (const query of ['tag_name=toured', 'name=WITH-volume', 'type=gpus']) await rig.ok(`GET /v2/droplets?${query}`);
  for (const query of ['name=data', 'region=nyc3']) await rig.ok(`GET /v2/volumes?${query}`);
  await rig.ok('GET /v2/snapshots?resource_type=volume');
  await rig.ask('GET /v2/droplets/1');
}
