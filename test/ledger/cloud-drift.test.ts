import { describe, expect, test } from 'vitest';
import type { ProvisionedResource } from '../../src/contracts/cloud.ts';
import type { DriftFinding } from '../../src/contracts/drift.ts';
import { ADVISORY_LOCKS } from '../../src/ledger/advisory-locks.ts';
import { countCloudDrift } from '../../src/ledger/queries/count-cloud-drift.ts';
import { listCloudDrift } from '../../src/ledger/queries/list-cloud-drift.ts';
import { listCloudRows } from '../../src/ledger/queries/list-cloud-rows.ts';
import { putCloudDrift } from '../../src/ledger/queries/put-cloud-drift.ts';
import { createResourceLedger } from '../../src/ledger/resource-ledger.ts';
import { until } from '../support/until.ts';
import { useLedger } from '../cloud/cloud-ledger.ts';

const ledger = useLedger();
const diff = [{ field: 'size_gigabytes', desired: 1, actual: 2 }];

async function active(name: string, stack = 'test'): Promise<ProvisionedResource> {
  const on = createResourceLedger(ledger.sql);
  const urn = `urn:cerebros:${stack}:volume:${name}`;
  const intent = {
    urn,
    provider: 'digitalocean',
    type: 'volume',
    name: `nas-${name}`,
    tag: `nas-${name}`,
    desired_spec: {},
    saga_id: 'run-1',
    intent_hash: name,
  };
  await on.noteIntent(intent);
  await on.claimPost({ urn, intent_hash: name, posts: 0 });
  await on.recordId({ urn, intent_hash: name, provider_id: `id-${stack}-${name}`, observed: {} });
  await on.markActive({ urn, provider_id: `id-${stack}-${name}`, observed: {} });
  return (await on.find(urn)) as ProvisionedResource;
}

function finding(row: ProvisionedResource, parts: Partial<DriftFinding> = {}): DriftFinding {
  const { urn: resource, type, name, provider_id, state, updated_at } = row;
  return {
    resource,
    type,
    name,
    provider_id,
    verdict: 'in_sync',
    diff: [],
    reason: null,
    observed: null,
    row: { state, updated_at },
    ...parts,
  };
}

const stranger: DriftFinding = {
  resource: 'digitalocean:volume:7',
  type: 'volume',
  name: 'by-hand',
  provider_id: '7',
  verdict: 'unmanaged',
  diff: [],
  reason: null,
  observed: null,
  row: null,
};

const put = async (
  findings: readonly DriftFinding[],
  parts: { readonly unlisted?: readonly string[]; readonly began_at?: string } = {},
): Promise<void> => {
  const { at: began_at } = await listCloudRows(ledger.sql, 'digitalocean');
  await putCloudDrift(ledger.sql, { provider: 'digitalocean', began_at, unlisted: [], findings, ...parts });
};
const told = async (): Promise<readonly string[]> => {
  const events = await ledger.sql<
    { type: string; subject: string; data: { readonly verdict: string } }[]
  >`select type, subject, data from events order by seq`;
  expect(events.every(({ type }) => type === 'cerebros.cloud.drift.detected')).toBe(true);
  return events.map(({ subject, data }) => `${subject} ${data.verdict}`);
};
const verdicts = async (): Promise<readonly string[]> =>
  (await listCloudDrift(ledger.sql)).map(({ resource, verdict }) => `${resource} ${verdict}`);

describe('what a check found', () => {
  test('is in the place of what the check before found, what is not as it is meant first', async () => {
    const [a, b, c] = [await active('a'), await active('b'), await active('c')];
    await put([finding(a), finding(b), finding(c, { verdict: 'unknown', reason: 'GET: 500' }), stranger]);
    await put([finding(a), finding(b, { verdict: 'drifted', diff })]);
    const { at } = await listCloudRows(ledger.sql, 'digitalocean');
    const reports = await listCloudDrift(ledger.sql);
    const about = { provider: 'digitalocean', type: 'volume', reason: null };
    expect(reports).toEqual([
      { ...about, resource: b.urn, name: 'nas-b', provider_id: 'id-test-b', verdict: 'drifted', diff, checked_at: expect.any(String) },
      { ...about, resource: a.urn, name: 'nas-a', provider_id: 'id-test-a', verdict: 'in_sync', diff: [], checked_at: expect.any(String) },
    ]);
    expect(reports.every(({ checked_at }) => checked_at <= at)).toBe(true);
  });

  test('can be asked for by stack and by verdict, and is counted', async () => {
    const [a, b] = [await active('a'), await active('b', 'other')];
    await put([finding(a), finding(b, { verdict: 'missing' }), stranger]);
    const listed = async (filter: Parameters<typeof listCloudDrift>[1]) =>
      (await listCloudDrift(ledger.sql, filter)).map(({ resource }) => resource);
    expect(await listed({ stack: 'test' })).toEqual([a.urn]);
    expect(await listed({ stack: 'oth' })).toEqual([]);
    expect(await listed({ verdicts: ['missing', 'unmanaged'] })).toEqual([b.urn, stranger.resource]);
    const none = { in_sync: 0, drifted: 0, missing: 0, unmanaged: 0, unknown: 0 };
    expect(await countCloudDrift(ledger.sql, { stack: 'other' })).toEqual({ ...none, missing: 1 });
    expect(await countCloudDrift(ledger.sql)).toEqual({ ...none, in_sync: 1, missing: 1, unmanaged: 1 });
  });

  test('leaves what is unmanaged of a type that was not listed', async () => {
    await put([stranger, { ...stranger, resource: 'digitalocean:vpc:8', type: 'vpc' }]);
    await put([], { unlisted: ['vpc'] });
    expect(await verdicts()).toEqual(['digitalocean:vpc:8 unmanaged']);
  });

  test('leaves what a later check found', async () => {
    const a = await active('a');
    const { at } = await listCloudRows(ledger.sql, 'digitalocean');
    const earlier = new Date(Date.parse(at) - 1000).toISOString();
    await put([finding(a), stranger], { began_at: at });
    await put([finding(a, { verdict: 'missing' })], { began_at: earlier });
    expect(await verdicts()).toEqual([`${stranger.resource} unmanaged`, `${a.urn} in_sync`]);
    expect(await told()).toEqual([`${stranger.resource} unmanaged`]);
  });
});

test('10,000 findings are kept in one statement, well before it would be ended', async () => {
  const { sql } = ledger;
  await sql`insert into cloud_resources (urn, provider, type, name, provider_id)
    select 'u' || n, 'digitalocean', 'volume', 'n' || n, n::text from generate_series(1, 10000) n`;
  await sql`insert into cloud_provisioned (resource, desired_spec, state, intent_hash) select urn, '{}', 'active', 'h' from cloud_resources`;
  const { rows } = await listCloudRows(sql, 'digitalocean');
  const findings = rows.map((row) => finding(row, { observed: { id: row.provider_id } }));
  for (let check = 0; check < 2; check++) await put(findings);
  expect((await countCloudDrift(sql)).in_sync).toBe(10_000);
  expect(await listCloudDrift(sql)).toHaveLength(1000);
});

describe('the event', () => {
  test('is told once for each change, and again when what was in sync drifts again', async () => {
    const a = await active('a');
    const drifted = finding(a, { verdict: 'drifted', diff });
    for (const found of [finding(a), drifted, drifted, finding(a), drifted]) await put([found]);
    expect(await told()).toEqual([`${a.urn} drifted`, `${a.urn} drifted`]);
    const [event] = await ledger.sql<{ source: string; data: unknown }[]>`select source, data from events limit 1`;
    expect(event).toMatchObject({
      source: 'cerebros',
      data: { resource: a.urn, type: 'volume', name: 'nas-a', provider_id: 'id-test-a', verdict: 'drifted', diff },
    });
  });

  test('is told of another difference, of what is missing and of what is unmanaged, at the first check too', async () => {
    const a = await active('a');
    await put([finding(a, { verdict: 'drifted', diff }), stranger]);
    await put([finding(a, { verdict: 'drifted', diff: [...diff, { field: 'tags', desired: [], actual: ['x'] }] }), stranger]);
    await put([finding(a, { verdict: 'missing' }), stranger]);
    const [first, ...others] = [`${stranger.resource} unmanaged`, `${a.urn} drifted`, `${a.urn} drifted`, `${a.urn} missing`];
    expect(await told()).toEqual([first, ...others]);
  });

  test('is not told again because it could not be seen meanwhile', async () => {
    const a = await active('a');
    const drifted = finding(a, { verdict: 'drifted', diff });
    for (const found of [drifted, finding(a, { verdict: 'unknown', reason: 'GET: 500' }), drifted]) await put([found]);
    await put([drifted, stranger]);
    await put([drifted], { unlisted: ['volume'] });
    await put([drifted, stranger]);
    expect(await told()).toEqual([`${a.urn} drifted`, `${stranger.resource} unmanaged`]);
  });

  test('is told once by two checks at a time', async () => {
    const a = await active('a');
    const holder = await ledger.sql.reserve();
    await holder`select pg_advisory_lock(${ADVISORY_LOCKS.events})`;
    const checks = [1, 2].map(() => put([finding(a, { verdict: 'drifted', diff })]));
    // Both have read that nothing was told.
    await until(async () => {
      const waiting = await ledger.sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
      return waiting.length === 2;
    });
    await holder`select pg_advisory_unlock(${ADVISORY_LOCKS.events})`;
    holder.release();
    await Promise.all(checks);
    expect(await told()).toEqual([`${a.urn} drifted`]);
  });
});

describe('the rows to compare with', () => {
  test('are those that are there, and those that were at a time', async () => {
    const [a, b] = [await active('a'), await active('b')];
    const { at, rows } = await listCloudRows(ledger.sql, 'digitalocean');
    expect(rows.map(({ urn }) => urn)).toEqual([a.urn, b.urn]);
    expect(Date.parse(at)).toBeGreaterThan(Date.now() - 60_000);
    const on = createResourceLedger(ledger.sql);
    await on.markDeleting({ urn: b.urn, deleted_by: 'run-9' });
    await on.markDeleted(b.urn);
    expect((await listCloudRows(ledger.sql, 'digitalocean')).rows).toMatchObject([{ urn: a.urn }]);
    expect((await listCloudRows(ledger.sql, 'digitalocean', at)).rows).toMatchObject([{ urn: a.urn }, { urn: b.urn, state: 'deleted' }]);
    expect((await listCloudRows(ledger.sql, 'other', at)).rows).toEqual([]);
  });

  test('are refused above 10,000, as part of them says nothing', async () => {
    await ledger.sql`insert into cloud_resources (urn, provider, type, name) select 'u' || n, 'p', 't', 'n' from generate_series(1, 10001) n`;
    await ledger.sql`insert into cloud_provisioned (resource, desired_spec, state, intent_hash) select urn, '{}', 'active', 'h' from cloud_resources`;
    await expect(listCloudRows(ledger.sql, 'p')).rejects.toMatchObject({ code: 'TOO_MANY_RESOURCES' });
    await ledger.sql`delete from cloud_provisioned where resource = 'u1'`;
    expect((await listCloudRows(ledger.sql, 'p')).rows).toHaveLength(10_000);
  });
});
