import { describe, expect, it } from 'vitest';
import { asMeant } from '../../../src/client/provision/as-meant.ts';
import { changeSteps } from '../../../src/client/provision/change-steps.ts';
import { compareStack, type Compared, type WantedResource } from '../../../src/client/provision/changes.ts';
import type { ProvisionedResource } from '../../../src/contracts/cloud.ts';
import type { DriftReport, FieldDiff } from '../../../src/contracts/drift.ts';
import type { Json } from '../../../src/contracts/ledger.ts';

type Spec = WantedResource['spec'];

const ref = (to: string): Json => ({ ref: to });
const machine = { region: 'fra1', size: 's-1vcpu-1gb', image: 'debian-12-x64', vpc_uuid: ref('vpc:main') };
const WANTED: readonly WantedResource[] = [
  { type: 'vpc', name: 'main', spec: { region: 'fra1' } },
  { type: 'droplet', name: 'web', spec: machine },
  { type: 'volume', name: 'data', spec: { region: 'fra1', size_gigabytes: 10 } },
  { type: 'attachment', name: 'data', spec: { volume_id: ref('volume:data'), droplet_id: ref('droplet:web') } },
  { type: 'firewall', name: 'f', spec: { droplet_ids: [ref('droplet:web')], inbound_rules: [] } },
  { type: 'reserved_ip', name: 'ip', spec: { droplet_id: ref('droplet:web') } },
];
const IDS: Readonly<Record<string, string>> = {
  'vpc:main': 'v1',
  'droplet:web': '7',
  'volume:data': 'd1',
  'attachment:data': 'd1:7',
  'firewall:f': 'f1',
};
const WITH_IDS: Readonly<Record<string, Spec>> = {
  'droplet:web': { ...machine, vpc_uuid: 'v1' },
  'attachment:data': { volume_id: 'd1', droplet_id: 7 },
  'firewall:f': { droplet_ids: [7], inbound_rules: [] },
  'reserved_ip:ip': { droplet_id: 7 },
};

/** The rows of the stack as wanted, all active. */
function rows(parts: Readonly<Record<string, Partial<ProvisionedResource>>> = {}): ProvisionedResource[] {
  return WANTED.map(({ type, name, spec }) => {
    const key = `${type}:${name}`;
    return {
      urn: `urn:cerebros:s:${key}`,
      provider: 'digitalocean',
      type,
      name: 'nas-x',
      tag: null,
      provider_id: IDS[key] ?? '1.2.3.4',
      observed: null,
      observed_at: null,
      desired_spec: WITH_IDS[key] ?? spec,
      spec_version: 1,
      saga_id: 'up',
      intent_hash: 'h',
      state: 'active',
      deleted_by: null,
      posts: 1,
      problem: null,
      created_at: '',
      updated_at: '',
      ...parts[key],
    };
  });
}

function reports(parts: Readonly<Record<string, Partial<DriftReport>>> = {}, of: readonly ProvisionedResource[] = rows()): DriftReport[] {
  return of.map(({ urn, provider, type, name, provider_id }) => {
    const found = parts[urn.slice('urn:cerebros:s:'.length)];
    return { resource: urn, provider, type, name, provider_id, verdict: 'in_sync', diff: [], reason: null, checked_at: '', ...found };
  });
}

const drifted = (...diff: FieldDiff[]): Partial<DriftReport> => ({ verdict: 'drifted', diff });
const changed = (key: string, spec: Spec): WantedResource[] =>
  WANTED.map((one) => (`${one.type}:${one.name}` === key ? { ...one, spec: { ...one.spec, ...spec } } : one));
const without = (...keys: string[]): WantedResource[] => WANTED.filter(({ type, name }) => !keys.includes(`${type}:${name}`));
const brief = ({ changes, issues }: Compared): string[] => [
  ...changes.map(({ action, resource }) => `${action} ${resource}`),
  ...issues.map(({ resource }) => `issue ${resource}`),
];

describe('a stack compared with what there is', () => {
  it.each<[string, readonly WantedResource[], Partial<Parameters<typeof compareStack>[2]>, string[]]>([
    ['as it is, takes nothing', WANTED, {}, []],
    ['that is not there, is made', WANTED, { rows: [], reports: [] }, WANTED.map(({ type, name }) => `create ${type}:${name}`)],
    ['with another size, is changed', changed('droplet:web', { size: 's-2vcpu-2gb' }), {}, ['update droplet:web']],
    ['with a droplet to be off, is changed', changed('droplet:web', { power: 'off' }), {}, ['update droplet:web']],
    ['with another region, cannot be had', changed('volume:data', { region: 'ams3' }), {}, ['issue volume:data']],
    [
      'with a volume that is larger outside than it is to be, cannot be had',
      changed('volume:data', { size_gigabytes: 15 }),
      { reports: reports({ 'volume:data': drifted({ field: 'size_gigabytes', desired: 10, actual: 20 }) }) },
      ['issue volume:data'],
    ],
    ['with a smaller volume, cannot be had', changed('volume:data', { size_gigabytes: 5 }), {}, ['issue volume:data']],
    [
      'without a volume, loses it and its attachment',
      without('volume:data', 'attachment:data'),
      {},
      ['delete volume:data', 'delete attachment:data'],
    ],
    [
      'whose firewall has drifted, is changed',
      WANTED,
      { reports: reports({ 'firewall:f': drifted({ field: 'tags', desired: [], actual: ['x'] }) }) },
      ['update firewall:f'],
    ],
    [
      'whose VPC has moved, cannot be had',
      WANTED,
      { reports: reports({ 'vpc:main': drifted({ field: 'ip_range', desired: 'a', actual: 'b' }) }) },
      ['issue vpc:main'],
    ],
    [
      'whose droplet is gone, gets it again with all that names it',
      WANTED,
      { reports: reports({ 'droplet:web': { verdict: 'missing' }, 'attachment:data': { verdict: 'missing' } }) },
      ['again droplet:web', 'again attachment:data', 'update firewall:f', 'update reserved_ip:ip'],
    ],
    [
      'that could not be seen, cannot be planned',
      WANTED,
      { reports: reports({ 'vpc:main': { verdict: 'unknown', reason: '500' } }) },
      ['issue vpc:main'],
    ],
    [
      'with something that is being made, cannot be planned',
      WANTED,
      { rows: rows({ 'vpc:main': { state: 'suspect' } }) },
      ['issue vpc:main'],
    ],
  ])('%s', (_, wanted, seen, expected) => {
    expect(brief(compareStack('s', wanted, { rows: rows(), reports: reports(), ...seen }))).toEqual(expected);
  });

  it('keeps its snapshots, which are no part of it, and forgets those that are gone', () => {
    const [first] = rows();
    const snapshot = { ...(first as ProvisionedResource), urn: 'urn:cerebros:s:snapshot:data-1', type: 'snapshot' };
    const all = [...rows(), snapshot];
    expect(brief(compareStack('s', WANTED, { rows: all, reports: reports({}, all) }))).toEqual([]);
    const gone = reports({ 'snapshot:data-1': { verdict: 'missing' } }, all);
    expect(brief(compareStack('s', WANTED, { rows: all, reports: gone }))).toEqual(['delete snapshot:data-1']);
  });

  it('says of each field what it is, what it will be and why', () => {
    const diff = { field: 'size_gigabytes', desired: 10, actual: 8 };
    const seen = { rows: rows({ 'volume:data': { spec_version: 3 } }), reports: reports({ 'volume:data': drifted(diff) }) };
    const [change] = compareStack('s', WANTED, seen).changes;
    expect(change).toEqual({
      action: 'update',
      resource: 'volume:data',
      reasons: ['size_gigabytes: was changed outside'],
      diff: [diff],
      spec: { region: 'fra1', size_gigabytes: 10 },
      before: { provider_id: 'd1', spec_version: 3, desired_spec: { region: 'fra1', size_gigabytes: 10 }, saga_id: 'up', gone: false },
    });
  });
});

describe('the steps of a comparison', () => {
  const stepsOf = (wanted: readonly WantedResource[], seen: Partial<Parameters<typeof compareStack>[2]> = {}) =>
    changeSteps('s', compareStack('s', wanted, { rows: rows(), reports: reports(), ...seen }).changes);

  it('make what is gone anew before what names it, and put the new id there', () => {
    const steps = stepsOf(WANTED, {
      reports: reports({ 'droplet:web': { verdict: 'missing' }, 'attachment:data': { verdict: 'missing' } }),
    });
    expect(steps.map(({ name }) => name)).toEqual([
      'detach_volume.data',
      'delete_droplet.web',
      'create_droplet.web',
      'attach_volume.data',
      'update_firewall.f',
      'update_reserved_ip.ip',
    ]);
    expect(steps.at(-1)).toMatchObject({
      params: { spec: { droplet_id: { ref: 'droplet:web' } }, from_version: 1, fields: ['droplet_id'] },
      needs: expect.arrayContaining(['create_droplet.web']),
    });
    expect(steps.slice(0, 2).map(({ params }) => params)).toMatchObject([
      { before: { provider_id: 'd1:7', gone: true } },
      { before: { provider_id: '7', gone: true, spec_version: 1 } },
    ]);
    expect(steps[2]?.params).toMatchObject({ spec: { vpc_uuid: 'v1' } });
  });

  it('free a volume before it is attached otherwise', () => {
    const moved = { type: 'attachment', name: 'other', spec: { volume_id: ref('volume:data'), droplet_id: ref('droplet:web') } };
    expect(stepsOf([...without('attachment:data'), moved]).map(({ name }) => name)).toEqual(['detach_volume.data', 'attach_volume.other']);
  });

  it('delete only behind all else, since a delete has no undo', () => {
    const wanted = [...without('reserved_ip:ip'), { type: 'volume', name: 'more', spec: { region: 'fra1', size_gigabytes: 1 } }];
    expect(stepsOf(wanted).map(({ name, needs }) => [name, needs])).toEqual([
      ['create_volume.more', []],
      ['delete_reserved_ip.ip', ['create_volume.more']],
    ]);
  });
});

describe('the stack as the ledger means it', () => {
  it('is the one that was written, in an order in which it can be made', () => {
    expect(asMeant('s', rows().toReversed()).map(({ type }) => type)).toEqual(
      WANTED.map(({ type }) => type).toSorted(
        (a, b) => WANTED.findIndex(({ type }) => type === a) - WANTED.findIndex(({ type }) => type === b),
      ),
    );
    expect(new Set(asMeant('s', rows()))).toEqual(new Set(WANTED));
  });

  it('differs from itself in nothing', () => {
    expect(compareStack('s', asMeant('s', rows()), { rows: rows(), reports: reports() })).toEqual({ changes: [], issues: [] });
  });
});
