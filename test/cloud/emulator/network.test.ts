import { expect, it } from 'vitest';
import { emulated, madeDroplet } from './rig.ts';

it('makes the first VPC of a region its default, which cannot be deleted', async () => {
  const { ok, ask } = await emulated();
  const { vpc } = await ok('POST /v2/vpcs', { name: 'one', region: 'nyc3' });
  const { vpc: second } = await ok('POST /v2/vpcs', { name: 'two', region: 'nyc3' });
  expect([vpc.default, second.default]).toEqual([true, false]);
  expect(await ask(`DELETE /v2/vpcs/${vpc.id}`)).toMatchObject({
    status: 403,
    body: { id: 'forbidden', message: 'Can not delete default VPCs' },
  });
  await ok(`PATCH /v2/vpcs/${second.id}`, { default: true });
  expect((await ask(`DELETE /v2/vpcs/${vpc.id}`)).status).toBe(204);
  expect((await ask(`DELETE /v2/vpcs/${vpc.id}`)).status).toBe(404);
});

it('keeps a VPC that has members, also for a while after they are destroyed', async () => {
  const rig = await emulated({ delays: { vpc_release_ms: 500 } });
  await rig.ok('POST /v2/vpcs', { name: 'default', region: 'nyc3' });
  const { vpc } = await rig.ok('POST /v2/vpcs', { name: 'mine', region: 'nyc3' });
  const droplet = await madeDroplet(rig, { vpc_uuid: vpc.id });
  const refused = { status: 403, body: { message: 'Can not delete VPC with members' } };
  expect(await rig.ask(`DELETE /v2/vpcs/${vpc.id}`)).toMatchObject(refused);
  await rig.ok(`DELETE /v2/droplets/${droplet.id}`);
  expect((await rig.ok(`GET /v2/vpcs/${vpc.id}/members`)).members).toMatchObject([{ urn: `do:droplet:${droplet.id}` }]);
  expect(await rig.ask(`DELETE /v2/vpcs/${vpc.id}`)).toMatchObject(refused);
  rig.clock.advance(500);
  expect((await rig.ask(`DELETE /v2/vpcs/${vpc.id}`)).status).toBe(204);
});

it('puts a droplet that names no VPC into the default of its region, which is made if there is none', async () => {
  const rig = await emulated();
  const droplet = await madeDroplet(rig, { region: 'ams3' });
  expect((await rig.ok('GET /v2/vpcs')).vpcs).toMatchObject([
    { id: droplet.vpc_uuid, name: 'default-ams3', region: 'ams3', default: true },
  ]);
});

it.each([
  ['a name that is taken', { name: 'taken' }],
  ['a range that overlaps', { ip_range: '10.9.0.0/16' }],
  ['a range inside another', { ip_range: '10.9.8.128/28' }],
  ['a range that is not private', { ip_range: '8.8.8.0/24' }],
  ['a range that is too large', { ip_range: '10.0.0.0/15' }],
  ['a range that is too small', { ip_range: '10.0.0.0/29' }],
  ['a range that begins in its middle', { ip_range: '10.0.0.1/24' }],
  ['an unknown region', { region: 'mars1' }],
  ['a name with a space', { name: 'a b' }],
])('refuses a VPC with %s', async (_name, wrong) => {
  const { ok, ask } = await emulated();
  await ok('POST /v2/vpcs', { name: 'taken', region: 'ams3', ip_range: '10.9.8.0/24' });
  expect((await ask('POST /v2/vpcs', { name: 'free', region: 'nyc3', ip_range: '10.10.0.0/24', ...wrong })).status).toBe(422);
});

it('gives ranges that do not overlap to VPCs that ask for none', async () => {
  const { ok } = await emulated();
  await ok('POST /v2/vpcs', { name: 'low', region: 'nyc3', ip_range: '10.0.0.0/16' });
  for (const name of ['a', 'b']) await ok('POST /v2/vpcs', { name, region: 'nyc3' });
  const ranges = (await ok('GET /v2/vpcs')).vpcs.map(({ ip_range }: { ip_range: string }) => ip_range);
  expect(ranges).toEqual(['10.0.0.0/16', '10.1.0.0/20', '10.1.16.0/20']);
});

const SSH = { protocol: 'tcp', ports: '22', sources: { addresses: ['0.0.0.0/0'] } };
const WEB = { protocol: 'tcp', ports: '443', sources: { addresses: ['0.0.0.0/0'] } };

it('applies a firewall after a while, and waits again after each change', async () => {
  const rig = await emulated();
  const { id: droplet } = await madeDroplet(rig);
  const { firewall } = await rig.ok('POST /v2/firewalls', { name: 'wall', inbound_rules: [SSH], droplet_ids: [droplet] });
  expect(firewall).toMatchObject({ status: 'waiting', pending_changes: [{ droplet_id: droplet, removing: false }] });
  const read = async (): Promise<unknown> => (await rig.ok(`GET /v2/firewalls/${firewall.id}`)).firewall;
  rig.settle();
  expect(await read()).toMatchObject({ status: 'succeeded', pending_changes: [], droplet_ids: [droplet], inbound_rules: [SSH] });
  await rig.ok(`POST /v2/firewalls/${firewall.id}/rules`, { inbound_rules: [WEB] });
  expect(await read()).toMatchObject({ status: 'waiting', inbound_rules: [SSH, WEB] });
  await rig.ok(`DELETE /v2/firewalls/${firewall.id}/rules`, { inbound_rules: [SSH] });
  await rig.ok(`DELETE /v2/firewalls/${firewall.id}/droplets`, { droplet_ids: [droplet] });
  expect(await read()).toMatchObject({ inbound_rules: [WEB], droplet_ids: [] });
  expect((await rig.ask(`DELETE /v2/firewalls/${firewall.id}`)).status).toBe(204);
  expect((await rig.ask(`DELETE /v2/firewalls/${firewall.id}`)).status).toBe(404);
});

it('holds a firewall to droplets by tag, and forgets a droplet that is destroyed', async () => {
  const rig = await emulated();
  const { id } = await madeDroplet(rig, { tags: ['walled'] });
  const { firewall } = await rig.ok('POST /v2/firewalls', { name: 'by-tag', inbound_rules: [SSH], tags: ['walled'] });
  const { firewall: own } = await rig.ok('POST /v2/firewalls', { name: 'own', inbound_rules: [SSH], droplet_ids: [id] });
  const held = (await rig.ok(`GET /v2/droplets/${id}/firewalls`)).firewalls.map((one: { id: string }) => one.id);
  expect(held).toEqual([firewall.id, own.id]);
  await rig.ok(`DELETE /v2/droplets/${id}`);
  expect((await rig.ok(`GET /v2/firewalls/${own.id}`)).firewall.droplet_ids).toEqual([]);
});

it.each([
  ['a name that is taken', { name: 'taken' }, 409],
  ['a name with an underscore', { name: 'a_b' }, 422],
  ['no rule', { inbound_rules: [] }, 422],
  ['an unknown protocol', { inbound_rules: [{ ...SSH, protocol: 'ftp' }] }, 422],
  ['a port beyond 65535', { inbound_rules: [{ ...SSH, ports: '65536' }] }, 422],
  ['ports that run backwards', { inbound_rules: [{ ...SSH, ports: '90-80' }] }, 422],
  ['a droplet that is not there', { droplet_ids: [1] }, 422],
])('refuses a firewall with %s', async (_name, wrong, status) => {
  const { ok, ask } = await emulated();
  await ok('POST /v2/firewalls', { name: 'taken', inbound_rules: [SSH] });
  expect((await ask('POST /v2/firewalls', { name: 'free', inbound_rules: [SSH], ...wrong })).status).toBe(status);
});

it('assigns a reserved IP when its action has completed, one to a droplet', async () => {
  const rig = await emulated();
  const { id } = await madeDroplet(rig);
  const { reserved_ip, links } = await rig.ok('POST /v2/reserved_ips', { droplet_id: id });
  expect(reserved_ip).toMatchObject({ droplet: null, locked: true });
  expect((await rig.ask(`DELETE /v2/reserved_ips/${reserved_ip.ip}`)).status).toBe(422);
  expect((await rig.ask('POST /v2/reserved_ips', { droplet_id: id })).status).toBe(422);
  rig.settle();
  expect((await rig.ok(`GET /v2/actions/${links.actions[0].id}`)).action.status).toBe('completed');
  expect((await rig.ok(`GET /v2/reserved_ips/${reserved_ip.ip}`)).reserved_ip).toMatchObject({ droplet: { id }, locked: false });
  await rig.ok(`POST /v2/reserved_ips/${reserved_ip.ip}/actions`, { type: 'unassign' });
  rig.settle();
  expect((await rig.ask(`POST /v2/reserved_ips/${reserved_ip.ip}/actions`, { type: 'unassign' })).status).toBe(422);
  expect((await rig.ask(`DELETE /v2/reserved_ips/${reserved_ip.ip}`)).status).toBe(204);
  expect((await rig.ask(`DELETE /v2/reserved_ips/${reserved_ip.ip}`)).status).toBe(404);
});

it('refuses reserved IPs beyond the limit, for no droplet, and for a droplet elsewhere', async () => {
  const rig = await emulated({ limits: { reserved_ips: 1 } });
  const { id } = await madeDroplet(rig);
  expect((await rig.ask('POST /v2/reserved_ips', { droplet_id: 1 })).status).toBe(404);
  expect((await rig.ask('POST /v2/reserved_ips', { droplet_id: id, region: 'nyc3' })).status).toBe(422);
  const { reserved_ip } = await rig.ok('POST /v2/reserved_ips', { region: 'ams3' });
  rig.settle();
  expect((await rig.ask(`POST /v2/reserved_ips/${reserved_ip.ip}/actions`, { type: 'assign', droplet_id: id })).status).toBe(422);
  expect((await rig.ask('POST /v2/reserved_ips', { region: 'nyc3' })).status).toBe(422);
});
