import { beforeEach, describe, expect, test } from 'vitest';
import type { ResourceIntent } from '../../src/contracts/cloud.ts';
import { createResourceLedger } from '../../src/ledger/resource-ledger.ts';
import { useLedger } from '../cloud/cloud-ledger.ts';

const { sql } = useLedger();

const ledger = (): ReturnType<typeof createResourceLedger> => createResourceLedger(sql);
const urn = 'urn:cerebros:test:volume:data';
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
const found = { urn, intent_hash: 'hash-1', provider_id: 'vol-1', observed: { size_gigabytes: 1 } };

describe('a spec', () => {
  const larger = { region: 'fra1', size_gigabytes: 2 };
  const change = { urn, spec: larger, changed_by: 'run-2/update' };
  beforeEach(async () => {
    await ledger().noteIntent(intent);
    await ledger().recordId(found);
    await ledger().markActive(found);
  });

  test('is changed once by a step, under the next version, and taken back by it', async () => {
    expect(await ledger().changeSpec(change)).toMatchObject({ desired_spec: larger, spec_version: 2, saga_id: 'run-1' });
    expect(await ledger().changeSpec({ ...change, from_version: 1 })).toMatchObject({ spec_version: 2 });
    expect(await ledger().revertSpec(change)).toMatchObject({ desired_spec: intent.desired_spec, spec_version: 1 });
    expect(await ledger().revertSpec(change)).toMatchObject({ desired_spec: intent.desired_spec, spec_version: 1 });
    expect(await ledger().changeSpec(change)).toMatchObject({ spec_version: 2 });
    expect(await ledger().revertSpec(change)).toMatchObject({ spec_version: 1 });
  });

  test('that a step never changed is not taken back by it', async () => {
    expect(await ledger().revertSpec(change)).toBe('unchanged');
  });

  test('and its id come back with a resource whose deletion is taken back, but only by the run that deletes it', async () => {
    const was = { provider_id: 'vol-1', desired_spec: larger, saga_id: 'run-1' };
    await ledger().markDeleting({ urn, deleted_by: 'run-2' });
    await ledger().keep({ urn, deleted_by: 'run-3' });
    expect(await ledger().find(urn)).toMatchObject({ state: 'deleting' });
    await ledger().markDeleted(urn);
    await ledger().keep({ urn, deleted_by: 'run-2' });
    expect(await ledger().find(urn)).toMatchObject({ state: 'deleted' });
    await ledger().keep({ urn, deleted_by: 'run-2', was });
    expect(await ledger().find(urn)).toMatchObject({ state: 'active', deleted_by: null, ...was });
  });

  test('stays at its version when it is the same', async () => {
    expect(await ledger().changeSpec({ ...change, spec: { size_gigabytes: 1, region: 'fra1' } })).toMatchObject({ spec_version: 1 });
    expect(await ledger().revertSpec(change)).toBe('unchanged');
  });

  test('is not changed from a version that others have changed', async () => {
    await ledger().changeSpec(change);
    expect(await ledger().changeSpec({ ...change, spec: { x: 1 }, changed_by: 'run-3/a', from_version: 1 })).toBe(undefined);
    await ledger().changeSpec({ ...change, spec: { x: 1 }, changed_by: 'run-3/a', from_version: 2 });
    expect(await ledger().revertSpec(change)).toBe('overtaken');
    expect(await ledger().find(urn)).toMatchObject({ desired_spec: { x: 1 }, spec_version: 3 });
  });

  test('has one that wins when two change it at the same moment', async () => {
    const steps = ['run-2/a', 'run-3/a', 'run-4/a', 'run-5/a'];
    const changed = await Promise.all(
      steps.map(async (changed_by, size) => await ledger().changeSpec({ urn, spec: { size }, changed_by, from_version: 1 })),
    );
    expect(changed.filter((row) => row !== undefined)).toHaveLength(1);
    expect(await ledger().find(urn)).toMatchObject({ spec_version: 2 });
  });
});
