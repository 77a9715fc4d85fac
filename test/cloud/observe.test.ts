import { beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/cloud/clock.ts';
import { createResource, type ProtocolDependencies } from '../../src/cloud/create-protocol.ts';
import { deleteResource } from '../../src/cloud/delete-protocol.ts';
import { createDroplet } from '../../src/cloud/digitalocean/droplets.ts';
import { createApi, type CallLog } from '../../src/cloud/digitalocean/api.ts';
import { DIGITALOCEAN_TYPES, digitalOceanPort } from '../../src/cloud/digitalocean/port.ts';
import { ApiToken } from '../../src/cloud/digitalocean/token.ts';
import { createVolume } from '../../src/cloud/digitalocean/volumes.ts';
import { createEmulator, type Emulator } from '../../src/cloud/emulator/create-emulator.ts';
import { seedDefaultVpcs } from '../../src/cloud/emulator/seed.ts';
import { observe } from '../../src/cloud/observe.ts';
import type { CloudPort } from '../../src/cloud/port.ts';
import { waitActive } from '../../src/cloud/wait-active.ts';
import type { DriftFinding, DriftFindings } from '../../src/contracts/drift.ts';
import { countCloudDrift } from '../../src/ledger/queries/count-cloud-drift.ts';
import { findCloudResource } from '../../src/ledger/queries/cloud-rows.ts';
import { listCloudDrift } from '../../src/ledger/queries/list-cloud-drift.ts';
import { listCloudRows } from '../../src/ledger/queries/list-cloud-rows.ts';
import { putCloudDrift } from '../../src/ledger/queries/put-cloud-drift.ts';
import { useLedger } from './cloud-ledger.ts';
import type { VirtualClock } from './virtual-clock.ts';
import { SECRET, testApi, UNLIMITED, volumeRequest, volumeWorld } from './volume-world.ts';

const machine = { region: 'fra1', size: 's-1vcpu-1gb', image: 'debian-12-x64' };
const rules = [{ protocol: 'tcp', ports: '22', sources: { addresses: ['10.0.0.0/8'] } }];
const disk = volumeRequest('disk');
const box = volumeRequest('box', { type: 'droplet', spec: machine });
const wall = volumeRequest('wall', { type: 'firewall', tag: null, spec: { inbound_rules: rules } });

const ledger = useLedger();
let emulator: Emulator;
let on: ProtocolDependencies & { readonly clock: VirtualClock };
beforeEach(async () => {
  emulator = await createEmulator({ limits: { requests_per_minute: 10_000 } });
  on = volumeWorld(ledger.sql, emulator.url);
  await seedDefaultVpcs(emulator);
  return () => emulator.close();
});

const look = (port: CloudPort = on.port): Promise<DriftFindings> =>
  observe({ port, ledger: { rows: (provider, since) => listCloudRows(ledger.sql, provider, since) } }, { types: DIGITALOCEAN_TYPES });
const verdicts = (findings: readonly DriftFinding[]) => findings.map(({ resource, verdict }) => `${resource} ${verdict}`);
const make = async (request: typeof disk): Promise<string> => {
  const { provider_id } = await createResource(on, request);
  await waitActive({ ...on, clock: systemClock }, request, { poll_ms: 20 });
  return provider_id;
};

describe('a look at everything', () => {
  test('lists each type once, finds what is as it is meant, and changes nothing', async () => {
    for (const request of [disk, box, wall]) await make(request);
    const calls: string[] = [];
    const log = ({ method, path }: CallLog): void => void calls.push(`${method} ${path}`);
    const api = createApi({ token: new ApiToken(SECRET), rate_limit: UNLIMITED, base_url: emulator.url, log });
    const { findings, unlisted, provider } = await look(digitalOceanPort(api));
    expect(verdicts(findings)).toEqual([`${box.urn} in_sync`, `${disk.urn} in_sync`, `${wall.urn} in_sync`]);
    expect([provider, unlisted]).toEqual(['digitalocean', []]);
    // Droplets with GPUs are in a list of their own.
    const lists = ['droplets', 'droplets', 'firewalls', 'reserved_ips', 'snapshots', 'volumes', 'vpcs'];
    expect(calls.toSorted()).toEqual(lists.map((list) => `GET /v2/${list}`));
  });

  test('tells what was changed behind our back, and what is gone', async () => {
    const [box_id, wall_id, disk_id] = [await make(box), await make(wall), await make(disk)];
    emulator.change({ type: 'droplet', id: box_id, set: { size_slug: 's-2vcpu-2gb' }, add_tags: ['by-hand'] });
    emulator.change({
      type: 'firewall',
      id: wall_id,
      add_inbound_rule: { protocol: 'tcp', ports: '23', sources: { addresses: ['0.0.0.0/0'] } },
    });
    emulator.change({ type: 'volume', id: disk_id, delete: true });
    const { findings } = await look();
    const size = { field: 'size', desired: 's-1vcpu-1gb', actual: 's-2vcpu-2gb' };
    const tags = { field: 'tags', desired: [box.name], actual: ['by-hand', box.name] };
    expect(findings).toMatchObject([
      { resource: box.urn, verdict: 'drifted', diff: [size, tags] },
      { resource: disk.urn, verdict: 'missing', diff: [], provider_id: disk_id },
      { resource: wall.urn, verdict: 'drifted', diff: [{ field: 'inbound_rules', actual: [{ ports: '22' }, { ports: '23' }] }] },
    ]);
  });

  test('tells what is foreign, however its name looks, and nothing of default VPCs', async () => {
    await make(box);
    const api = testApi(emulator.url);
    const { droplet } = await createDroplet(api, { ...machine, name: `${box.name}x`, tags: ['nas'] });
    const volume = await createVolume(api, { region: 'fra1', name: 'by-hand', size_gigabytes: 1, tags: [] });
    await expect
      .poll(async () => verdicts((await look()).findings))
      .toEqual([`${box.urn} in_sync`, `digitalocean:droplet:${droplet.id} unmanaged`, `digitalocean:volume:${volume.id} unmanaged`]);
    expect(emulator.truth().resources.vpcs.length).toBeGreaterThan(0);
  });

  test('tells an attachment that was undone, and no attachment that is not ours', async () => {
    const [droplet_id, volume_id] = [Number(await make(box)), await make(disk)];
    emulator.change({ type: 'volume', id: volume_id, set: { droplet_id } });
    expect(verdicts((await look()).findings)).toEqual([`${box.urn} in_sync`, `${disk.urn} in_sync`]);
    const joint = volumeRequest('joint', { type: 'attachment', tag: null, spec: { volume_id, droplet_id } });
    await make(joint);
    expect(verdicts((await look()).findings)).toContain(`${joint.urn} in_sync`);
    emulator.change({ type: 'volume', id: volume_id, set: { droplet_id: null } });
    expect(verdicts((await look()).findings)).toEqual([`${box.urn} in_sync`, `${disk.urn} in_sync`, `${joint.urn} missing`]);
  });

  test('makes unknown what cannot be listed, and nothing else', async () => {
    for (const request of [disk, wall]) await make(request);
    emulator.addFaults([{ match: { method: 'GET', path: '^/v2/volumes$' }, fault: '500_before', times: 9 }]);
    const { findings, unlisted } = await look();
    expect(findings).toMatchObject([
      { resource: disk.urn, verdict: 'unknown', reason: expect.stringContaining('GET /v2/volumes') },
      { resource: wall.urn, verdict: 'in_sync' },
    ]);
    expect(unlisted).toEqual(['volume']);
  });

  test('calls nothing missing that a list has skipped', async () => {
    await make(disk);
    const { findings } = await look({ ...on.port, list: async () => Promise.resolve([]) });
    expect(verdicts(findings)).toEqual([`${disk.urn} in_sync`]);
  });

  test('ends when it is told to', async () => {
    await make(disk);
    const stop = new AbortController();
    const port: CloudPort = { ...on.port, list: (type, signal) => (stop.abort(new Error('stopped')), on.port.list(type, signal)) };
    await expect(
      observe(
        { port, ledger: { rows: (provider, since) => listCloudRows(ledger.sql, provider, since) } },
        { types: DIGITALOCEAN_TYPES, signal: stop.signal },
      ),
    ).rejects.toThrow('stopped');
  });
});

describe('what changes while it looks', () => {
  /** Does something once, as soon as the lists are read. */
  const meanwhile = (act: () => Promise<unknown>): CloudPort => ({
    ...on.port,
    list: async (type, signal) => {
      const list = type === 'volume' ? act() : undefined;
      await list;
      return on.port.list(type, signal);
    },
  });

  test('is ours, when it was made meanwhile, also before the ledger has its id', async () => {
    const other = volumeRequest('other');
    await make(disk);
    const withId = await look(meanwhile(() => createResource(on, other)));
    expect(verdicts(withId.findings)).toEqual([`${disk.urn} in_sync`]);
    await ledger.sql`update cloud_resources set provider_id = null where urn = ${other.urn}`;
    expect(verdicts((await look()).findings)).toEqual([`${disk.urn} in_sync`, `${other.urn} unknown`]);
  });

  test('is no news, when it was made and removed meanwhile', async () => {
    const other = volumeRequest('other');
    const port: CloudPort = {
      ...on.port,
      list: async (type, signal) => {
        if (type !== 'volume') return on.port.list(type, signal);
        await createResource(on, other);
        const list = await on.port.list(type, signal);
        await deleteResource(on, other);
        return list;
      },
    };
    expect((await look(port)).findings).toEqual([]);
  });

  test('has no new verdict, when it was removed or meant otherwise meanwhile', async () => {
    for (const request of [disk, wall]) await make(request);
    await putCloudDrift(ledger.sql, await look());
    const findings = await look(meanwhile(() => deleteResource(on, disk)));
    expect(verdicts(findings.findings)).toContain(`${disk.urn} missing`);
    await on.ledger.changeSpec({ urn: wall.urn, spec: { inbound_rules: [] }, changed_by: 'a/b' });
    await putCloudDrift(ledger.sql, {
      ...findings,
      findings: findings.findings.map((one) => ({ ...one, diff: [{ field: 'x', desired: 1, actual: 2 }] })),
    });
    expect(await listCloudDrift(ledger.sql)).toMatchObject([{ resource: wall.urn, verdict: 'in_sync', diff: [] }]);
    expect(await ledger.sql`select * from events`).toHaveLength(0);
  });

  test('is kept as it was seen, without its row changing', async () => {
    const id = await make(disk);
    const before = await findCloudResource(ledger.sql, disk.urn);
    emulator.change({ type: 'volume', id, set: { size_gigabytes: 7 } });
    await putCloudDrift(ledger.sql, await look());
    const after = await findCloudResource(ledger.sql, disk.urn);
    expect(after).toMatchObject({ observed: { size_gigabytes: 7 }, updated_at: before?.updated_at, state: 'active' });
    expect(await countCloudDrift(ledger.sql)).toEqual({ in_sync: 0, drifted: 1, missing: 0, unmanaged: 0, unknown: 0 });
  });
});
