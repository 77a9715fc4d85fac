import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { digitalOceanPort } from '../../../src/cloud/digitalocean/port.ts';
import type { CloudPort } from '../../../src/cloud/port.ts';
import { startAnswers } from '../answers.ts';
import type { Answers, Scripted } from '../answers.ts';
import { testApi } from '../volume-world.ts';
import { droplet } from './droplet.ts';

let answers: Answers;
let port: CloudPort;
beforeEach(async () => {
  answers = await startAnswers();
  port = digitalOceanPort(testApi(answers.url));
});
afterEach(async () => await answers.close());

const list = (field: string, ...items: readonly unknown[]): Scripted => ({ body: { [field]: items, meta: { total: items.length } } });
const vpc = (name: string, parts: object = {}) => ({
  id: `id-${name}`,
  name,
  region: 'fra1',
  ip_range: '10.0.0.0/24',
  default: false,
  ...parts,
});

interface Row {
  readonly type: string;
  readonly spec: { readonly [key: string]: string | number };
  readonly before?: readonly Scripted[];
  readonly made: Scripted;
  readonly sent: unknown;
  readonly lists: readonly Scripted[];
  readonly id: string;
  readonly status: string;
}

const snapshot = { id: 5, name: 'nas-x', resource_id: 'v', resource_type: 'volume', size_gigabytes: 1, tags: ['nas-x'] };
const firewall = {
  id: 'f',
  name: 'nas-x',
  status: 'waiting',
  inbound_rules: [{ protocol: 'tcp', ports: '22', sources: { addresses: ['::/0'] } }],
};
const ip = { ip: '192.0.2.1', region: { slug: 'fra1' }, droplet: { id: 7 }, locked: false };
const volume = { id: 'v', name: 'nas-x', region: { slug: 'fra1' }, size_gigabytes: 1, tags: ['nas-x'], droplet_ids: null };
const elsewhere = { ...volume, id: 'w', region: { slug: 'ams3' }, tags: [] };
const size = { region: 'fra1', size: 's-1vcpu-1gb', image: 'debian-12-x64' };

const rows: Row[] = [
  {
    type: 'vpc',
    spec: { region: 'fra1' },
    before: [list('vpcs', vpc('default', { default: true }))],
    made: { status: 201, body: { vpc: vpc('nas-x') } },
    sent: { region: 'fra1', name: 'nas-x' },
    lists: [list('vpcs', vpc('NAS-X'), vpc('other'))],
    id: 'id-NAS-X',
    status: 'active',
  },
  {
    type: 'droplet',
    spec: size,
    made: { status: 202, body: { droplet: droplet(7, { status: 'new' }), links: {} } },
    sent: { ...size, name: 'nas-x', tags: ['nas-x'] },
    lists: [list('droplets', droplet(1)), list('droplets', droplet(7, { tags: ['Nas-X'], status: 'new' }))],
    id: '7',
    status: 'pending',
  },
  {
    type: 'volume',
    spec: { region: 'fra1', size_gigabytes: 1 },
    made: { status: 201, body: { volume } },
    sent: { region: 'fra1', size_gigabytes: 1, name: 'nas-x', tags: ['nas-x'] },
    lists: [list('volumes', elsewhere, volume)],
    id: 'v',
    status: 'active',
  },
  {
    type: 'snapshot',
    spec: { volume_id: 'v' },
    made: { status: 201, body: { snapshot } },
    sent: { name: 'nas-x', tags: ['nas-x'] },
    lists: [list('snapshots', { ...snapshot, id: 4, name: 'other', tags: null }, snapshot)],
    id: '5',
    status: 'active',
  },
  {
    type: 'firewall',
    spec: {},
    made: { status: 202, body: { firewall } },
    sent: { name: 'nas-x' },
    lists: [list('firewalls', { ...firewall, id: 'g', name: 'nas-y' }, firewall)],
    id: 'f',
    status: 'pending',
  },
  {
    type: 'reserved_ip',
    spec: { droplet_id: 7 },
    made: { status: 202, body: { reserved_ip: ip } },
    sent: { droplet_id: 7 },
    lists: [list('reserved_ips', { ...ip, ip: '192.0.2.2', droplet: null }, ip)],
    id: '192.0.2.1',
    status: 'active',
  },
  {
    type: 'tag',
    spec: {},
    made: { status: 201, body: { tag: { name: 'nas-x' } } },
    sent: { name: 'nas-x' },
    lists: [list('tags', { name: 'nas-y' }, { name: 'nas-x' })],
    id: 'nas-x',
    status: 'active',
  },
];

describe('a port', () => {
  test.each(rows)('makes, finds, and removes a $type', async ({ type, spec, before = [], made, sent, lists, id, status }) => {
    const identity = { type, name: 'nas-x', tag: 'nas-x', spec };
    answers.say(...before, made, ...lists, { status: 204 }, { status: 404 }, { status: 404 });
    const turn = await port.prepare(identity);
    await port.create(identity, undefined, turn);
    expect(answers.bodies.at(-1)).toEqual(sent);
    expect(await port.lookUp(identity)).toMatchObject([{ provider_id: id, status }]);
    const known = { type, provider_id: id, observed: null };
    await port.remove(known);
    await port.remove(known);
    expect(await port.get(known)).toBe(undefined);
    expect(answers.lines.slice(-3).map((line) => line.split(' ')[0])).toEqual(['DELETE', 'DELETE', 'GET']);
  });

  test('refuses to make the first VPC of a region, which nobody could delete', async () => {
    answers.say(list('vpcs', vpc('default', { default: true, region: 'ams3' })));
    const identity = { type: 'vpc', name: 'nas-x', tag: null, spec: { region: 'fra1' } };
    await expect(port.prepare(identity)).rejects.toMatchObject({ code: 'NO_DEFAULT_VPC', retryable: false });
    expect(answers.lines).toEqual(['GET /v2/vpcs?per_page=200']);
  });

  test('refuses a spec that does not fit and a type it does not know before it asks anything', async () => {
    const identity = { type: 'volume', name: 'nas-x', tag: null, spec: { region: 'fra1', size_gigabytes: 0, colour: 'red' } };
    for (const ask of [port.prepare, port.create]) {
      await expect(ask(identity)).rejects.toMatchObject({ code: 'INVALID_SPEC', message: expect.stringContaining('size_gigabytes') });
      await expect(ask({ ...identity, type: 'toString' })).rejects.toMatchObject({ code: 'UNKNOWN_TYPE' });
    }
    expect(answers.lines).toEqual([]);
  });
});
