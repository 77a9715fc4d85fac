import { MockActivityEnvironment } from '@temporalio/testing';
import { beforeEach, expect, test } from 'vitest';
import { createCloudCheckActivities, type CloudCheckDependencies } from '../../src/activities/cloud-check.ts';
import { createResource } from '../../src/cloud/create-protocol.ts';
import { DIGITALOCEAN_TYPES } from '../../src/cloud/digitalocean/port.ts';
import { createEmulator, type Emulator } from '../../src/cloud/emulator/create-emulator.ts';
import { seedDefaultVpcs } from '../../src/cloud/emulator/seed.ts';
import type { CloudChecked } from '../../src/contracts/cloud-check.ts';
import { useLedger } from '../cloud/cloud-ledger.ts';
import { volumeRequest, volumeWorld } from '../cloud/volume-world.ts';

const ledger = useLedger();
let emulator: Emulator;
beforeEach(async () => {
  emulator = await createEmulator({ limits: { requests_per_minute: 10_000 } });
  await seedDefaultVpcs(emulator);
  return () => emulator.close();
});

function check(parts: Partial<CloudCheckDependencies> = {}, env = new MockActivityEnvironment()): Promise<CloudChecked> {
  const { port, clock } = volumeWorld(ledger.sql, emulator.url);
  const runState = () => Promise.resolve('closed:rolled_back' as const);
  const { checkCloud } = createCloudCheckActivities({
    sql: ledger.sql,
    cloud: { port, clock, gap_ms: 100 },
    types: DIGITALOCEAN_TYPES,
    runState,
    ...parts,
  });
  return env.run(checkCloud);
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
