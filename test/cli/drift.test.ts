import { describe, expect, test } from 'vitest';
import { colorsFor } from '../../src/cli/text/colors.ts';
import { diffLines, driftTable } from '../../src/cli/text/drift-text.ts';
import type { DriftReport } from '../../src/contracts/drift.ts';
import type { Json } from '../../src/contracts/ledger.ts';

const rule = (ports: string, sources: Json): Json => ({ protocol: 'tcp', ports, sources });

describe('a difference in words', () => {
  test.each<[string, Json, Json, readonly string[]]>([
    ['size', 's-1vcpu-1gb', 's-2vcpu-2gb', ['size: s-1vcpu-1gb → s-2vcpu-2gb']],
    ['droplet_id', 1, null, ['droplet_id: 1 → null']],
    ['tags', ['nas-x'], ['by-hand'], ['tags: lacks nas-x', 'tags: has by-hand too much']],
    ['droplet_ids', [1, 2], [1], ['droplet_ids: lacks 2']],
    [
      'inbound_rules',
      [rule('443', { addresses: ['0.0.0.0/0'] })],
      [rule('443', { addresses: ['0.0.0.0/0'] }), rule('22', { addresses: ['::/0'], droplet_ids: [7] })],
      ['inbound_rules: has tcp 22 from ::/0, 7 too much'],
    ],
    ['outbound_rules', [{ protocol: 'udp', ports: 'all', destinations: {} }], [], ['outbound_rules: lacks udp all to nowhere']],
  ])('of %s, meant %j and seen %j', (field, desired, actual, lines) => expect(diffLines({ field, desired, actual })).toEqual(lines));
});

const report: DriftReport = {
  resource: 'urn:cerebros:shop:droplet:web',
  provider: 'digitalocean',
  type: 'droplet',
  name: 'nas-x',
  provider_id: '1',
  verdict: 'in_sync',
  diff: [],
  reason: null,
  checked_at: '2026-01-01T00:00:00.000Z',
};

test('a table has a line for each resource and each further difference, why one is unknown, and the name of what is unmanaged', () => {
  const diff = [
    { field: 'size', desired: 's', actual: 'm' },
    { field: 'power', desired: 'on', actual: 'off' },
  ];
  const resources: DriftReport[] = [
    { ...report, verdict: 'drifted', diff },
    { ...report, resource: 'digitalocean:droplet:2', name: 'by-hand\u001b[31m', verdict: 'unmanaged' },
    { ...report, resource: 'urn:cerebros:shop:vpc:main', verdict: 'unknown', reason: 'creating: it is being made' },
    report,
  ];
  const colors = colorsFor({ env: {}, tty: false });
  expect(driftTable([], { colors, width: 120 })).toBe('');
  expect(driftTable(resources, { colors, width: 120 }).split('\n')).toEqual([
    'RESOURCE                       VERDICT    DESIRED → ACTUAL',
    'urn:cerebros:shop:droplet:web  drifted    size: s → m',
    '                                          power: on → off',
    'digitalocean:droplet:2         unmanaged  by-hand',
    'urn:cerebros:shop:vpc:main     unknown    creating: it is being made',
    'urn:cerebros:shop:droplet:web  in_sync',
  ]);
});
