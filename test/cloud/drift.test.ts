import { describe, expect, test } from 'vitest';
import { fieldDiffs } from '../../src/cloud/drift.ts';
import type { Json } from '../../src/contracts/ledger.ts';

type Fields = { readonly [key: string]: Json };

const web = { protocol: 'tcp', ports: '443', sources: { addresses: ['0.0.0.0/0', '::/0'] } };
const ssh = { protocol: 'tcp', ports: '22', sources: { addresses: ['10.0.0.0/8'] } };
const all = { protocol: 'tcp', ports: 'all', destinations: { addresses: ['0.0.0.0/0'] } };

/** What is meant, and what is seen when nothing has changed. */
const SAME: Readonly<Record<string, { readonly spec: Fields; readonly seen: Fields }>> = {
  droplet: {
    spec: {
      size: 's-1vcpu-1gb',
      region: 'fra1',
      image: 'debian-12-x64',
      vpc_uuid: 'vpc-1',
      user_data: 'x',
      monitoring: true,
      ssh_keys: [1],
    },
    seen: {
      id: 1,
      name: 'nas-x',
      size: 's-1vcpu-1gb',
      region: 'fra1',
      vpc_uuid: 'vpc-1',
      status: 'active',
      tags: ['nas-x'],
      locked: false,
    },
  },
  volume: {
    spec: { region: 'fra1', size_gigabytes: 10, filesystem_type: 'ext4', snapshot_id: 's' },
    seen: { id: 'v', name: 'nas-x', region: 'fra1', size_gigabytes: 10, tags: ['nas-x'], droplet_ids: [4] },
  },
  firewall: {
    spec: { droplet_ids: [1, 20], tags: ['Web'], inbound_rules: [web, ssh], outbound_rules: [all] },
    seen: { id: 'f', name: 'nas-x', droplet_ids: [1, 20], tags: ['web'], inbound_rules: [web, ssh], outbound_rules: [all] },
  },
  vpc: {
    spec: { region: 'fra1', ip_range: '10.1.0.0/16' },
    seen: { name: 'nas-x', region: 'fra1', ip_range: '10.1.0.0/16', default: false },
  },
  reserved_ip: { spec: { droplet_id: 1 }, seen: { ip: '1.2.3.4', region: 'fra1', droplet_id: 1, locked: false } },
  snapshot: { spec: { volume_id: 'v' }, seen: { name: 'nas-x', resource_id: 'v', tags: ['by-hand'] } },
  attachment: { spec: { volume_id: 'v', droplet_id: 1 }, seen: { volume_id: 'v', droplet_id: 1 } },
};

function diffs(type: string, changed: { readonly spec?: Fields; readonly seen?: Fields } = {}): ReturnType<typeof fieldDiffs> {
  const { spec, seen } = SAME[type] ?? { spec: {}, seen: {} };
  const row = {
    type,
    name: 'nas-x',
    tag: ['droplet', 'volume', 'snapshot'].includes(type) ? 'nas-x' : null,
    desired_spec: { ...spec, ...changed.spec },
  };
  return fieldDiffs(row, { ...seen, ...changed.seen });
}

describe('a resource that is as it is meant', () => {
  test.each(Object.keys(SAME))('has no differences: %s', (type) => expect(diffs(type)).toEqual([]));

  test.each<[string, string, Parameters<typeof diffs>[1]]>([
    ['droplet', 'is called as its spec says', { spec: { name: 'shop' }, seen: { name: 'shop' } }],
    ['droplet', 'is off and meant to be', { spec: { power: 'off' }, seen: { status: 'off' } }],
    ['droplet', 'is in a VPC that the spec leaves open', { spec: { vpc_uuid: undefined as never }, seen: { vpc_uuid: 'vpc-2' } }],
    ['droplet', 'has its tag in capitals', { seen: { tags: ['NAS-X'] } }],
    ['vpc', 'has a range that the spec leaves open', { spec: { ip_range: undefined as never }, seen: { ip_range: '10.9.0.0/20' } }],
    ['firewall', 'has its droplets in another order', { seen: { droplet_ids: [20, 1] } }],
    ['firewall', 'has its rules in another order', { seen: { inbound_rules: [ssh, web] } }],
    [
      'firewall',
      'has its addresses in another order',
      { seen: { inbound_rules: [{ ...web, sources: { addresses: ['::/0', '0.0.0.0/0'] } }, ssh] } },
    ],
    ['firewall', 'has 0 for all ports', { seen: { outbound_rules: [{ ...all, ports: '0' }] } }],
    [
      'firewall',
      'has empty lists of targets',
      { seen: { inbound_rules: [{ ...web, sources: { ...web.sources, tags: [], droplet_ids: [] } }, ssh] } },
    ],
    ['firewall', 'has none where none are given', { spec: { outbound_rules: undefined as never }, seen: { outbound_rules: [] } }],
    [
      'firewall',
      'has a rule without ports',
      {
        spec: { inbound_rules: [{ protocol: 'icmp', sources: {} }] },
        seen: { inbound_rules: [{ protocol: 'icmp', ports: '0', sources: {} }] },
      },
    ],
  ])('has no differences: a %s that %s', (type, _, changed) => expect(diffs(type, changed)).toEqual([]));
});

describe('a field that is not as it is meant', () => {
  test.each<[string, string, Fields, Json, Json]>([
    ['droplet', 'name', { name: 'mine' }, 'nas-x', 'mine'],
    ['droplet', 'size', { size: 's-2vcpu-2gb' }, 's-1vcpu-1gb', 's-2vcpu-2gb'],
    ['droplet', 'region', { region: 'ams3' }, 'fra1', 'ams3'],
    ['droplet', 'vpc_uuid', { vpc_uuid: null }, 'vpc-1', null],
    ['droplet', 'power', { status: 'off' }, 'on', 'off'],
    ['droplet', 'power', { status: 'archive' }, 'on', 'archive'],
    ['droplet', 'tags', { tags: ['nas-x', 'Extra'] }, ['nas-x'], ['extra', 'nas-x']],
    ['droplet', 'tags', { tags: [] }, ['nas-x'], []],
    ['volume', 'name', { name: 'mine' }, 'nas-x', 'mine'],
    ['volume', 'region', { region: 'ams3' }, 'fra1', 'ams3'],
    ['volume', 'size_gigabytes', { size_gigabytes: 20 }, 10, 20],
    ['volume', 'tags', { tags: null }, ['nas-x'], []],
    ['firewall', 'name', { name: 'mine' }, 'nas-x', 'mine'],
    ['firewall', 'droplet_ids', { droplet_ids: [3, 20] }, [1, 20], [3, 20]],
    ['firewall', 'tags', { tags: [] }, ['web'], []],
    ['vpc', 'name', { name: 'mine' }, 'nas-x', 'mine'],
    ['vpc', 'region', { region: 'ams3' }, 'fra1', 'ams3'],
    ['vpc', 'ip_range', { ip_range: '10.2.0.0/16' }, '10.1.0.0/16', '10.2.0.0/16'],
    ['reserved_ip', 'droplet_id', { droplet_id: 2 }, 1, 2],
    ['reserved_ip', 'droplet_id', { droplet_id: null }, 1, null],
    ['snapshot', 'name', { name: 'mine' }, 'nas-x', 'mine'],
  ])('of a %s is told: %s seen as %j', (type, field, seen, desired, actual) => {
    expect(diffs(type, { seen })).toEqual([{ field, desired, actual }]);
  });

  test('of a firewall is a whole list, when a rule is extra, lacking or another', () => {
    const normal = (ports: string) => ({ protocol: 'tcp', ports, sources: { addresses: ['10.0.0.0/8'] } });
    const extra = { protocol: 'tcp', ports: '8080', sources: { addresses: ['10.0.0.0/8'] } };
    expect(diffs('firewall', { spec: { inbound_rules: [ssh] }, seen: { inbound_rules: [extra, ssh] } })).toEqual([
      { field: 'inbound_rules', desired: [normal('22')], actual: [normal('22'), normal('8080')] },
    ]);
    expect(diffs('firewall', { seen: { inbound_rules: [web] } })).toMatchObject([{ field: 'inbound_rules', actual: [web] }]);
    expect(diffs('firewall', { seen: { outbound_rules: [{ ...all, destinations: { addresses: ['0.0.0.0/0'], tags: ['db'] } }] } })).toEqual(
      [{ field: 'outbound_rules', desired: [all], actual: [{ ...all, destinations: { addresses: ['0.0.0.0/0'], tags: ['db'] } }] }],
    );
  });

  test('is told with every other', () => {
    expect(diffs('droplet', { seen: { size: 'x', status: 'off', tags: [] } }).map(({ field }) => field)).toEqual(['size', 'power', 'tags']);
  });
});
