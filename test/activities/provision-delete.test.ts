import { expect, test } from 'vitest';
import type { Emulator } from '../../src/cloud/emulator/create-emulator.ts';
import type { ProvisionCall } from '../../src/contracts/provision.ts';
import { failureOf, MACHINE, UNKNOWN, WEB, WEB_CALL, useProvisionRig } from './provision-rig.ts';

const rig = useProvisionRig();
const { run } = rig;
const droplets = (): ReturnType<Emulator['truth']>['resources']['droplets'] => rig.emulator.truth().resources.droplets;

/** The step of a plan that deletes the droplet as it is. */
async function deleteOf({ gone }: { readonly gone: boolean }): Promise<ProvisionCall> {
  const row = await rig.ledger.find(WEB);
  const { provider_id = '', spec_version = 0, desired_spec = null, saga_id = null } = row ?? {};
  return {
    module: 'delete_droplet',
    urn: WEB,
    inputs: { before: { provider_id, spec_version, desired_spec, saga_id, gone } },
    context: {},
  };
}

test('what is to be forgotten stays when it is there after all', async () => {
  await run('executeStep', WEB_CALL);
  const forget = await deleteOf({ gone: true });
  expect(await failureOf(run('executeStep', forget))).toMatchObject({ type: 'WORLD_MOVED', nonRetryable: true });
  rig.emulator.change({ type: 'droplet', id: droplets()[0]?.id ?? 0, delete: true });
  await run('executeStep', forget);
  expect(await rig.ledger.find(WEB)).toMatchObject({ state: 'deleted' });
});

test('a delete that was refused is taken back: what is there stays', async () => {
  await run('executeStep', WEB_CALL);
  rig.emulator.addFaults([{ match: { method: 'DELETE', path: '^/v2/droplets/' }, fault: '401', times: 1 }]);
  const call: ProvisionCall = { module: 'delete_droplet', urn: WEB, inputs: {}, context: {} };
  await failureOf(run('executeStep', call, { saga_id: 'two' }));
  expect(await rig.ledger.find(WEB)).toMatchObject({ state: 'deleting', deleted_by: 'two' });
  await run('compensateStep', { ...call, outcome: UNKNOWN }, { saga_id: 'two' });
  expect(await rig.ledger.find(WEB)).toMatchObject({ state: 'active', deleted_by: null });
  expect(droplets()).toHaveLength(1);
});

test('a delete that was refused is not taken back when the droplet has gone meanwhile', async () => {
  await run('executeStep', WEB_CALL);
  rig.emulator.addFaults([{ match: { method: 'DELETE', path: '^/v2/droplets/' }, fault: '401', times: 1 }]);
  const call: ProvisionCall = { module: 'delete_droplet', urn: WEB, inputs: {}, context: {} };
  await failureOf(run('executeStep', call, { saga_id: 'two' }));
  rig.emulator.change({ type: 'droplet', id: droplets()[0]?.id ?? 0, delete: true });
  await run('compensateStep', { ...call, outcome: UNKNOWN }, { saga_id: 'two' });
  expect(await rig.ledger.find(WEB)).toMatchObject({ state: 'deleting' });
});

test('a delete of a plan that is taken back leaves what is gone meant as before, so that it is missing and not forgotten', async () => {
  await run('executeStep', WEB_CALL);
  const call = await deleteOf({ gone: false });
  await run('executeStep', call, { saga_id: 'two' });
  expect(await rig.ledger.find(WEB)).toMatchObject({ state: 'deleted', provider_id: null });
  await run('executeStep', WEB_CALL, { saga_id: 'two' });
  await run('compensateStep', { ...WEB_CALL, outcome: UNKNOWN }, { saga_id: 'two' });
  await run('compensateStep', { ...call, outcome: UNKNOWN }, { saga_id: 'two' });
  const { provider_id } = call.inputs['before'] as { provider_id: string };
  expect(await rig.ledger.find(WEB)).toMatchObject({ state: 'active', provider_id, desired_spec: MACHINE, saga_id: 'one' });
  expect(droplets()).toEqual([]);
});

test('a delete of a plan is refused when the resource was changed since', async () => {
  await run('executeStep', WEB_CALL);
  const call = await deleteOf({ gone: false });
  await run('executeStep', { ...WEB_CALL, module: 'rename_droplet', inputs: { name: 'a' } });
  expect(await failureOf(run('executeStep', call, { saga_id: 'two' }))).toMatchObject({ type: 'WORLD_MOVED', nonRetryable: true });
  expect(droplets()).toHaveLength(1);
});

test('a deletion of another run is not taken back', async () => {
  await run('executeStep', WEB_CALL);
  rig.emulator.addFaults([{ match: { method: 'DELETE', path: '^/v2/droplets/' }, fault: '401', times: 1 }]);
  const call: ProvisionCall = { module: 'delete_droplet', urn: WEB, inputs: {}, context: {} };
  await failureOf(run('executeStep', call, { saga_id: 'two' }));
  await run('compensateStep', { ...call, outcome: UNKNOWN }, { saga_id: 'three' });
  expect(await rig.ledger.find(WEB)).toMatchObject({ state: 'deleting', deleted_by: 'two' });
});
