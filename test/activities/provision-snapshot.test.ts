import { describe, expect, test } from 'vitest';
import type { Emulator } from '../../src/cloud/emulator/create-emulator.ts';
import type { ProvisionCall } from '../../src/contracts/provision.ts';
import { failureOf, UNKNOWN, useProvisionRig, WEB, WEB_CALL } from './provision-rig.ts';

const CALL: ProvisionCall = { module: 'snapshot_droplet', urn: 'urn:cerebros:s:snapshot:web-1', inputs: { droplet_urn: WEB }, context: {} };

describe('a droplet', () => {
  const rig = useProvisionRig();
  const { run } = rig;
  const droplets = (): ReturnType<Emulator['truth']>['resources']['droplets'] => rig.emulator.truth().resources.droplets;

  test.each(['none', 'reset_after', '500_before'] as const)(
    'has one snapshot when its POST ends in %s, which is taken back',
    async (fault) => {
      await run('executeStep', WEB_CALL);
      const call: ProvisionCall = {
        module: 'snapshot_droplet',
        urn: 'urn:cerebros:s:snapshot:web-1',
        inputs: { droplet_urn: WEB },
        context: {},
      };
      if (fault !== 'none') rig.emulator.addFaults([{ match: { method: 'POST', path: '/actions$' }, fault }]);
      await run('executeStep', call);
      expect(rig.emulator.truth().resources.snapshots).toMatchObject([
        { resource_type: 'droplet', resource_id: String(droplets()[0]?.id) },
      ]);
      await run('compensateStep', { ...call, outcome: UNKNOWN });
      expect(rig.emulator.truth().resources.snapshots).toEqual([]);
    },
  );
});

describe('a droplet whose snapshot takes longer than the gap', () => {
  const rig = useProvisionRig({ action_ms: 20_000 });
  const { run } = rig;
  const snapshots = (): number => rig.emulator.truth().resources.snapshots.length;

  test('has one, which the next attempt waits for', async () => {
    await run('executeStep', WEB_CALL);
    expect(await failureOf(run('executeStep', CALL))).toMatchObject({ type: 'LOCKED', nonRetryable: false });
    expect(snapshots()).toBe(0);
    await run('executeStep', CALL);
    expect(snapshots()).toBe(1);
    expect(await rig.ledger.find(CALL.urn)).toMatchObject({ state: 'active' });
  });

  test('has none once it is taken back, also when it is not finished by then', async () => {
    await run('executeStep', WEB_CALL);
    await failureOf(run('executeStep', CALL));
    await run('compensateStep', { ...CALL, outcome: UNKNOWN });
    await rig.clock.sleep(3_600_000);
    expect([snapshots(), (await rig.ledger.find(CALL.urn))?.state]).toEqual([0, 'deleted']);
  });
});
