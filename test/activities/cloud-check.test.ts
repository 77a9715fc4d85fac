import { MockActivityEnvironment } from '@temporalio/testing';
import { beforeEach, expect, test } from 'vitest';
import { createCloudCheckActivities, type CloudCheckDependencies } from '../../src/activities/cloud-check.ts';
import { createResource } from '../../src/cloud/create-protocol.ts';
import { DIGITALOCEAN_TYPES } from '../../src/cloud/digitalocean/port.ts';
import { createEmulator, type Emulator } from '../../src/cloud/emulator/create-emulator.ts';
import { seedDefaultVpcs } from '../../src/cloud/emulator/seed.ts';
import type { RunState } from '../../src/cloud/resolve-rows.ts';
import type { CloudChecked } from '../../src/contracts/cloud-check.ts';
import { listCloudDrift } from '../../src/ledger/queries/list-cloud-drift.ts';
import { useLedger } from '../cloud/cloud-ledger.ts';
import { volumeRequest, volumeWorld } from '../cloud/volume-world.ts';

const ledger = useLedger();
let emulator: Emulator;
beforeEach(async () => {
  await ledger.sql`truncate saga_runs cascade`;
  emulator = await createEmulator({ limits: { requests_per_minute: 10_000 } });
  await seedDefaultVpcs(emulator);
  return () => emulator.close();
});

function check(
  parts: Partial<CloudCheckDependencies> & { readonly resolve?: boolean } = {},
  env = new MockActivityEnvironment(),
): Promise<CloudChecked> {
  const { resolve = true, ...others } = parts;
  const { port, clock } = volumeWorld(ledger.sql, emulator.url);
  const runState = () => Promise.resolve('closed:rolled_back' as const);
  const { checkCloud } = createCloudCheckActivities({
    sql: ledger.sql,
    cloud: { port, clock, gap_ms: 100 },
    types: DIGITALOCEAN_TYPES,
    runState,
    ...others,
  });
  return env.run(checkCloud, { resolve });
}

test('a check resolves what sagas have left, and then looks', async () => {
  const left = volumeRequest('left');
  await createResource(volumeWorld(ledger.sql, emulator.url), left);
  const none = { in_sync: 0, drifted: 0, missing: 0, unmanaged: 0, unknown: 0 };
  expect(await check({ runState: () => Promise.resolve('open') })).toEqual({
    checked_at: expect.any(String),
    counts: { ...none, unknown: 1 },
    resolved: [],
  });
  const resolved = [{ urn: left.urn, action: 'deleted', reason: 'its saga is rolled_back' }];
  expect(await check()).toEqual({ checked_at: expect.any(String), counts: none, resolved });
  expect(emulator.truth().resources.volumes).toEqual([]);
});

test('a check that is not to resolve sends nothing that changes anything', async () => {
  await createResource(volumeWorld(ledger.sql, emulator.url), volumeRequest('left'));
  const methods = () =>
    Object.values(emulator.truth().requests).map(({ by_method }) => Object.entries(by_method).filter(([method]) => method !== 'GET'));
  const before = methods();
  expect(await check({ resolve: false })).toMatchObject({ counts: { unknown: 1 }, resolved: [] });
  expect([methods(), emulator.truth().resources.volumes]).toEqual([before, [expect.anything()]]);
  expect(await check()).toMatchObject({ resolved: [{ action: 'deleted' }] });
  expect(methods()).not.toEqual(before);
});

test('what a run is changing has not drifted, and each run is asked about once', async () => {
  const { port, clock, ledger: resources } = volumeWorld(ledger.sql, emulator.url);
  for (const key of ['a', 'b', 'same']) {
    const made = volumeRequest(key);
    const { provider_id } = await createResource({ port, clock, ledger: resources }, made);
    await resources.markActive({ urn: made.urn, provider_id, observed: {} });
  }
  const larger = { region: 'fra1', size_gigabytes: 2 };
  for (const key of ['a', 'b']) await resources.changeSpec({ urn: volumeRequest(key).urn, spec: larger, changed_by: `grow/update.${key}` });
  const asked: string[] = [];
  const stands = (state: RunState) => check({ runState: (id) => (asked.push(id), Promise.resolve(state)) });
  expect((await stands('open')).counts).toMatchObject({ unknown: 2, drifted: 0, in_sync: 1 });
  expect(asked).toEqual(['grow']);
  const reasons = (await listCloudDrift(ledger.sql)).map(({ reason }) => reason);
  expect(reasons).toEqual(['run grow is changing it', 'run grow is changing it', null]);
  expect((await stands('closed:completed')).counts).toMatchObject({ unknown: 0, drifted: 2, in_sync: 1 });
  // As if it had gone on until after this check began.
  await ledger.sql`insert into saga_runs (id, kind, status, completed_at) values ('grow', 'provision', 'completed', now() + interval '1 hour')`;
  expect((await stands('closed:completed')).counts).toMatchObject({ unknown: 2, drifted: 0, in_sync: 1 });
  await ledger.sql`update saga_runs set completed_at = now() - interval '1 second'`;
  expect((await stands('closed:completed')).counts).toMatchObject({ unknown: 0, drifted: 2, in_sync: 1 });
});

test('a run that has taken its change back is changing it until it has ended', async () => {
  const made = volumeRequest('back');
  const on = volumeWorld(ledger.sql, emulator.url);
  const { provider_id } = await createResource(on, made);
  await on.ledger.markActive({ urn: made.urn, provider_id, observed: {} });
  const change = { urn: made.urn, spec: { region: 'fra1', size_gigabytes: 2 }, changed_by: 'grow/update' };
  await on.ledger.changeSpec(change);
  emulator.change({ type: 'volume', id: provider_id, set: { size_gigabytes: 2 } });
  await on.ledger.revertSpec(change);
  expect((await check({ runState: () => Promise.resolve('open') })).counts).toMatchObject({ unknown: 1, drifted: 0 });
  expect((await check({ runState: () => Promise.resolve('closed:rolled_back') })).counts).toMatchObject({ unknown: 0, drifted: 1 });
});

test('a check without a token is refused for good, and touches nothing', async () => {
  await expect(check({ cloud: null })).rejects.toMatchObject({ type: 'CLOUD_NOT_CONFIGURED', nonRetryable: true });
});

test('a check that is cancelled ends cancelled, and writes nothing', async () => {
  await createResource(volumeWorld(ledger.sql, emulator.url), volumeRequest('kept'));
  const env = new MockActivityEnvironment();
  const { port, clock } = volumeWorld(ledger.sql, emulator.url);
  const list: typeof port.list = (type, signal) => (env.cancel('CANCELLED'), port.list(type, signal));
  const cloud = { port: { ...port, list }, clock, gap_ms: 100 };
  await expect(check({ cloud, runState: () => Promise.resolve('open') }, env)).rejects.toMatchObject({ name: 'CancelledFailure' });
  expect(await ledger.sql`select * from cloud_drift`).toHaveLength(0);
});
