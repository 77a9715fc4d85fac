import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRig, type Rig } from '../../support/rig.ts';
import { endOf, openGate, seen, statuses, step, undosOf } from '../../support/saga-runs.ts';
import { until } from '../../support/until.ts';

describe('unwinding, when a cancelled sibling does not settle', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig.stop());

  it('begins without it after a minute, names it, and does not mind its late end', async () => {
    const handle = await rig.startScripted({
      steps: [
        step('a', { undo: 'wait' }),
        step('deaf', { do: 'deaf' }),
        step('fails', { do: 'fail', no_undo: true }, { needs: ['a'] }),
        step('never', {}, { needs: ['deaf'] }),
      ],
    });
    const id = handle.workflowId;
    await seen(rig, id, 'do deaf');
    await until(() => undosOf(rig, id).length > 0, 90_000, 'the walk');
    openGate(rig, id);
    await until(
      async () => (await handle.fetchHistory()).events?.filter((event) => event.activityTaskCompletedEventAttributes).length === 2,
      20_000,
      'the late end of the sibling',
    );
    openGate(rig, id, 'undo');
    expect(await endOf(handle)).toMatchObject({
      type: 'SAGA_FAILED',
      close: { error: { reason: 'step_failed:fails', stuck: [{ step_name: 'deaf', code: 'DID_NOT_SETTLE' }] } },
    });
    expect(undosOf(rig, id)).toEqual(['undo a done']);
    expect(statuses(await rig.rows(id))).toEqual(['compensated', 'compensation_failed', 'failed', 'pending']);
  });
});
