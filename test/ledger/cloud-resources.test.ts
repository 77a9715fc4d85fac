import { describe, expect, test } from 'vitest';
import { resourceUrn } from '../../src/contracts/cloud.ts';
import type { ResourceIntent, ResourceState } from '../../src/contracts/cloud.ts';
import { closeLedger, openLedger } from '../../src/ledger/connection.ts';
import type { Sql } from '../../src/ledger/connection.ts';
import { listCloudResources } from '../../src/ledger/queries/list-cloud-resources.ts';
import { listUnresolvedCloud } from '../../src/ledger/queries/list-unresolved-cloud.ts';
import { takeCloudCall } from '../../src/ledger/queries/take-cloud-call.ts';
import { createResourceLedger } from '../../src/ledger/resource-ledger.ts';
import { useLedger } from '../cloud/cloud-ledger.ts';

const { sql, url } = useLedger();

const ledger = (): ReturnType<typeof createResourceLedger> => createResourceLedger(sql);
const urn = resourceUrn({ stack: 'test', type: 'volume', name: 'data' });
const intent: ResourceIntent = {
  urn,
  provider: 'digitalocean',
  type: 'volume',
  name: 'nas-x',
  tag: 'nas-x',
  desired_spec: { region: 'fra1', size_gigabytes: 1 },
  saga_id: 'run-1',
  intent_hash: 'hash-1',
};
const other = (name: string, parts: Partial<ResourceIntent> = {}): ResourceIntent => ({ ...intent, urn: `${urn}-${name}`, ...parts });
const claim = { urn, intent_hash: 'hash-1', posts: 0 };
const found = { urn, intent_hash: 'hash-1', provider_id: 'vol-1', observed: { size_gigabytes: 1 } };
const force = async (state: ResourceState): Promise<void> => void (await sql`update cloud_provisioned set state = ${state}`);

describe('an intent', () => {
  test('is given back as it was noted, and stays when it is noted again', async () => {
    const row = await ledger().noteIntent(intent);
    expect(row).toMatchObject({
      ...intent,
      state: 'intended',
      posts: 0,
      spec_version: 1,
      provider_id: null,
      observed: null,
      problem: null,
    });
    expect(await ledger().noteIntent({ ...intent, intent_hash: 'hash-2', name: 'nas-y', desired_spec: null })).toEqual(row);
    expect(await ledger().find('urn:none')).toBe(undefined);
  });

  test('is replaced only once it was deleted, and then without its id', async () => {
    await ledger().noteIntent(intent);
    await ledger().claimPost(claim);
    await ledger().recordId(found);
    await force('deleted');
    expect(await ledger().noteIntent(intent)).toMatchObject({ state: 'deleted', provider_id: 'vol-1' });
    const anew = { ...intent, intent_hash: 'hash-2', name: 'nas-y', tag: null, desired_spec: { region: 'ams3' }, saga_id: 'run-2' };
    const row = await ledger().noteIntent(anew);
    expect(row).toMatchObject({
      ...anew,
      state: 'intended',
      spec_version: 2,
      posts: 0,
      provider_id: null,
      observed: null,
      observed_at: null,
    });
  });

  test('is noted once by many at a time', async () => {
    const rows = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => await ledger().noteIntent({ ...intent, intent_hash: `hash-${i}` })),
    );
    expect(new Set(rows.map(({ intent_hash }) => intent_hash)).size).toBe(1);
  });
});

describe('a POST', () => {
  test('is claimed by one of many at a time', async () => {
    await ledger().noteIntent(intent);
    const claims = await Promise.all(Array.from({ length: 20 }, async () => await ledger().claimPost(claim)));
    expect(claims.filter(Boolean)).toHaveLength(1);
    expect(await ledger().find(urn)).toMatchObject({ state: 'creating', posts: 1 });
    expect(await ledger().claimPost({ ...claim, posts: 1 })).toBe(true);
  });

  const states: [ResourceState, boolean][] = [
    ['intended', true],
    ['creating', true],
    ['suspect', true],
    ['active', false],
    ['deleting', false],
    ['deleted', false],
  ];
  test.each(states)('of a resource that is %s may be claimed: %s', async (state, may) => {
    await ledger().noteIntent(intent);
    await force(state);
    expect(await ledger().claimPost({ ...claim, intent_hash: 'hash-2' })).toBe(false);
    expect(await ledger().claimPost(claim)).toBe(may);
  });

  test('is not claimed once there is an id', async () => {
    await ledger().noteIntent(intent);
    await ledger().recordId(found);
    expect(await ledger().claimPost(claim)).toBe(false);
  });

  test('is given back by its holder only', async () => {
    await ledger().noteIntent(intent);
    await ledger().claimPost(claim);
    await ledger().claimPost({ ...claim, posts: 1 });
    await ledger().releasePost(claim);
    expect(await ledger().find(urn)).toMatchObject({ state: 'creating', posts: 2 });
    await ledger().releasePost({ ...claim, posts: 1 });
    expect(await ledger().find(urn)).toMatchObject({ state: 'creating', posts: 1 });
    await ledger().releasePost(claim);
    expect(await ledger().find(urn)).toMatchObject({ state: 'intended', posts: 0 });
  });
});

describe('an id', () => {
  test('is kept with what was seen, and again, but no other instead of it', async () => {
    await ledger().noteIntent(intent);
    expect([await ledger().recordId(found), await ledger().recordId(found)]).toEqual([true, true]);
    expect(await ledger().recordId({ ...found, provider_id: 'vol-2' })).toBe(false);
    expect(await ledger().find(urn)).toMatchObject({ state: 'creating', provider_id: 'vol-1', observed: { size_gigabytes: 1 } });
    expect((await ledger().find(urn))?.observed_at).toMatch(/Z$/);
  });

  test('is refused for what was withdrawn or is meant otherwise', async () => {
    await ledger().noteIntent(intent);
    expect(await ledger().recordId({ ...found, intent_hash: 'hash-2' })).toBe(false);
    expect(await ledger().markDeleting({ urn, deleted_by: 'run-9' })).toMatchObject({ state: 'deleting' });
    expect(await ledger().recordId(found)).toBe(false);
    expect(await ledger().find(urn)).toMatchObject({ provider_id: null });
  });

  test('is kept by one of several that come at the same time', async () => {
    await ledger().noteIntent(intent);
    const ids = Array.from({ length: 10 }, (_, i) => `vol-${i}`);
    const kept = await Promise.all(ids.map(async (provider_id) => await ledger().recordId({ ...found, provider_id })));
    expect(kept.filter(Boolean)).toHaveLength(1);
    expect((await ledger().find(urn))?.provider_id).toBe(ids[kept.indexOf(true)]);
  });

  test('belongs to one urn', async () => {
    await ledger().noteIntent(intent);
    await ledger().noteIntent(other('b'));
    await ledger().recordId(found);
    await expect(ledger().recordId({ ...found, urn: `${urn}-b` })).rejects.toMatchObject({ code: 'RESOURCE_TAKEN' });
    expect(await ledger().find(`${urn}-b`)).toMatchObject({ state: 'intended', provider_id: null });
  });
});

test('an id is free once what had it is deleted: a provider gives an address out again', async () => {
  await ledger().noteIntent(intent);
  await ledger().recordId(found);
  await ledger().markDeleting({ urn, deleted_by: 'run-9' });
  await ledger().markDeleted(urn);
  await ledger().noteIntent(other('b'));
  expect(await ledger().recordId({ ...found, urn: `${urn}-b` })).toBe(true);
  expect(await ledger().find(urn)).toMatchObject({ state: 'deleted', provider_id: null, deleted_by: 'run-9' });
});

describe('a state', () => {
  test('goes to active under its id, with what is seen, unless it was withdrawn', async () => {
    await ledger().noteIntent(intent);
    await ledger().recordId(found);
    expect(await ledger().markActive({ ...found, provider_id: 'vol-2' })).toBe(false);
    expect(await ledger().markActive({ ...found, observed: { size_gigabytes: 2 } })).toBe(true);
    expect(await ledger().find(urn)).toMatchObject({ state: 'active', observed: { size_gigabytes: 2 } });
    await ledger().markSuspect({ ...claim, problem: 'late' });
    expect(await ledger().find(urn)).toMatchObject({ state: 'active', problem: null });
    await ledger().markDeleting({ urn, deleted_by: 'run-9' });
    expect(await ledger().markActive(found)).toBe(false);
  });

  test('is suspect with its reason until a POST is claimed', async () => {
    await ledger().noteIntent(intent);
    await ledger().markSuspect({ ...claim, problem: 'nobody answered' });
    expect(await ledger().find(urn)).toMatchObject({ state: 'suspect', problem: 'nobody answered' });
    await ledger().claimPost(claim);
    expect(await ledger().find(urn)).toMatchObject({ state: 'creating', problem: null });
  });

  test('is deleted only after it was deleting, and stays so', async () => {
    await ledger().noteIntent(intent);
    await ledger().markDeleted(urn);
    expect(await ledger().find(urn)).toMatchObject({ state: 'intended' });
    await ledger().markDeleting({ urn, deleted_by: 'run-9' });
    await ledger().markDeleted(urn);
    expect(await ledger().markDeleting({ urn, deleted_by: 'run-9' })).toMatchObject({ state: 'deleted' });
    expect(await ledger().markDeleting({ urn: 'urn:none', deleted_by: null })).toBe(undefined);
  });
});

describe('lists', () => {
  test('hold what fits the saga, the stack and the states', async () => {
    await ledger().noteIntent(intent);
    await ledger().noteIntent(other('b', { saga_id: 'run-2' }));
    await ledger().noteIntent(other('c', { urn: resourceUrn({ stack: 'test2', type: 'volume', name: 'data' }) }));
    await ledger().markDeleting({ urn, deleted_by: 'run-9' });
    const urns = async (...filter: Parameters<typeof listCloudResources> extends [Sql, ...infer F] ? F : never) =>
      (await listCloudResources(sql, ...filter)).map((row) => row.urn.replace('urn:cerebros:', ''));
    expect(await urns()).toEqual(['test:volume:data', 'test:volume:data-b', 'test2:volume:data']);
    expect(await urns({ stack: 'test' })).toEqual(['test:volume:data', 'test:volume:data-b']);
    expect(await urns({ saga_id: 'run-1' })).toEqual(['test:volume:data', 'test2:volume:data']);
    expect(await urns({ saga_id: 'run-1', stack: 'test', states: ['deleting'] })).toEqual(['test:volume:data']);
    expect(await urns({ states: ['active'] })).toEqual([]);
    expect(await urns({ limit: 1 })).toEqual(['test:volume:data']);
  });

  test('name what nobody moved for a while though it is not done', async () => {
    const states: ResourceState[] = ['intended', 'creating', 'active', 'suspect', 'deleting', 'deleted'];
    for (const state of states) {
      await ledger().noteIntent(other(state));
      await sql`update cloud_provisioned set state = ${state}, updated_at = now() - interval '20 minutes' where resource = ${`${urn}-${state}`}`;
    }
    await ledger().noteIntent(intent);
    const old = await listUnresolvedCloud(sql, { older_than_ms: 15 * 60_000 });
    expect(old.map(({ state }) => state).toSorted()).toEqual(['creating', 'deleting', 'intended', 'suspect']);
    expect(await listUnresolvedCloud(sql, { older_than_ms: 25 * 60_000 })).toEqual([]);
  });
});

test('takeCloudCall grants what the bucket holds, to two workers at the same moment too', async () => {
  const second = openLedger(url);
  const draw = { token_sha256: 'a'.repeat(64), burst: 50, calls_per_s: 1, at: '2026-01-01T00:00:00.000Z' };
  const takes = Array.from({ length: 80 }, async (_, i) => await takeCloudCall(i % 2 ? sql : second, draw));
  const taken = await Promise.all(takes);
  expect(taken.filter(({ granted }) => granted)).toHaveLength(50);
  expect(await takeCloudCall(sql, draw)).toEqual({ granted: false, wait_ms: 1000 });
  expect(await takeCloudCall(sql, { ...draw, at: '2025-12-31T00:00:00.000Z' })).toMatchObject({ granted: false });
  expect(await takeCloudCall(sql, { ...draw, at: '2026-01-01T00:00:01.000Z' })).toEqual({ granted: true, wait_ms: 0 });
  await closeLedger(second);
});

test('a urn is made of parts that cannot be mistaken for each other', () => {
  expect(urn).toBe('urn:cerebros:test:volume:data');
  expect(() => resourceUrn({ stack: 'a:b', type: 'volume', name: 'x' })).toThrow('got "a:b"');
  expect(() => resourceUrn({ stack: '', type: 'volume', name: 'x' })).toThrow('expected parts of 1 to 80');
});
