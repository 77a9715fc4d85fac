import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cancelAfterStepUpdate, pauseUpdate, resumeUpdate } from '../../../src/contracts/messages.ts';
import { startRig, type Rig } from '../../support/rig.ts';
import { chain, effectsOf, endOf, ledgerShows, openGate, refusalOf, seen, statuses, step, undosOf } from '../../support/saga-runs.ts';

const later = (): string => new Date(Date.now() + 3_600_000).toISOString();

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

describe('cancel', () => {
  it('stops the running step now, and undoes', async () => {
    const handle = await rig.startScripted({ steps: chain(step('a'), step('b', { do: 'hang' }), step('c')) });
    await seen(rig, handle.workflowId, 'do b');
    await handle.cancel();
    expect(await endOf(handle)).toEqual({ temporal: 'cancelled' });
    expect((await handle.describe()).status.name).toBe('CANCELLED');
    expect(effectsOf(rig, handle.workflowId)).toEqual(['do a', 'do b', 'undo b unknown', 'undo a done']);
    const rows = await rig.rows(handle.workflowId);
    expect(statuses(rows)).toEqual(['compensated', 'cancelled', 'pending']);
    expect(rows).toMatchObject({ status: 'rolled_back', cancel_requested: true, error: { reason: 'cancelled', compensate_from_idx: 1 } });
  });

  it('closes as failed when an undo is stuck', async () => {
    const handle = await rig.startScripted({ steps: chain(step('a', { undo: 'fail' }), step('b', { do: 'hang' })) });
    await seen(rig, handle.workflowId, 'do b');
    await handle.cancel();
    expect(await endOf(handle)).toMatchObject({
      temporal: 'failed',
      type: 'SAGA_FAILED',
      close: { status: 'failed', error: { reason: 'cancelled', stuck: [{ step_name: 'a' }] } },
    });
  });

  it('after the step lets it finish, then undoes', async () => {
    const handle = await rig.startScripted({ steps: chain(step('a'), step('b', { do: 'wait' }), step('c')) });
    await seen(rig, handle.workflowId, 'do b');
    await handle.executeUpdate(cancelAfterStepUpdate);
    await ledgerShows(rig, handle.workflowId, (run) => run.cancel_requested);
    expect(undosOf(rig, handle.workflowId)).toEqual([]);
    openGate(rig, handle.workflowId);
    expect(await endOf(handle)).toMatchObject({
      temporal: 'failed',
      type: 'SAGA_ROLLED_BACK',
      close: { status: 'rolled_back', error: { reason: 'cancelled' } },
    });
    const { events } = await handle.fetchHistory();
    expect(events?.some((event) => event.activityTaskCancelRequestedEventAttributes)).toBe(false);
    expect(effectsOf(rig, handle.workflowId)).toEqual(['do a', 'do b', 'undo b done', 'undo a done']);
  });

  it('after a cancel after the step stops the step now', async () => {
    const handle = await rig.startScripted({ steps: chain(step('a'), step('b', { do: 'hang' })) });
    await seen(rig, handle.workflowId, 'do b');
    await handle.executeUpdate(cancelAfterStepUpdate);
    await handle.cancel();
    await endOf(handle);
    expect(undosOf(rig, handle.workflowId)).toEqual(['undo b unknown', 'undo a done']);
    expect(await rig.rows(handle.workflowId)).toMatchObject({ status: 'rolled_back', error: { reason: 'cancelled' } });
  });
});

describe('cancel, when a run is being undone, paused or not begun', () => {
  it('during the undo neither restarts nor stops it', async () => {
    const handle = await rig.startScripted({ steps: chain(step('a'), step('b', { undo: 'wait' }), step('c', { do: 'fail' })) });
    const id = handle.workflowId;
    await seen(rig, id, 'undo b done');
    await handle.cancel();
    await ledgerShows(rig, id, (run) => run.cancel_requested);
    openGate(rig, id, 'undo');
    expect(await endOf(handle)).toMatchObject({ type: 'SAGA_ROLLED_BACK', close: { error: { reason: 'step_failed:c' } } });
    expect(undosOf(rig, id)).toEqual(['undo c unknown', 'undo b done', 'undo a done']);
    expect(statuses(await rig.rows(id))).toEqual(['compensated', 'compensated', 'failed']);
  });

  it('while the run is paused takes effect at once, and a resume is then refused', async () => {
    const handle = await rig.startScripted({ steps: chain(step('a', { do: 'wait', undo: 'wait' }), step('b')) });
    const id = handle.workflowId;
    await seen(rig, id, 'do a');
    await handle.executeUpdate(pauseUpdate);
    openGate(rig, id);
    await ledgerShows(rig, id, (run) => run.steps[0]?.status === 'completed');
    await handle.cancel();
    await seen(rig, id, 'undo a done');
    expect(await refusalOf(handle.executeUpdate(resumeUpdate))).toMatch(/not paused/);
    openGate(rig, id, 'undo');
    expect(await endOf(handle)).toEqual({ temporal: 'cancelled' });
    expect(effectsOf(rig, id)).toEqual(['do a', 'undo a done']);
  });

  it.each(['cancel', 'cancelAfterStep'])('%s before any step ran leaves the run cancelled', async (how) => {
    const handle = await rig.startScripted({ steps: chain(step('a'), step('b')) }, { at: later() });
    await ledgerShows(rig, handle.workflowId, (run) => run.status === 'pending');
    if (how === 'cancel') await handle.cancel();
    else await handle.executeUpdate(cancelAfterStepUpdate);
    expect(await endOf(handle)).toMatchObject(
      how === 'cancel' ? { temporal: 'cancelled' } : { temporal: 'failed', type: 'SAGA_CANCELLED', close: { status: 'cancelled' } },
    );
    const rows = await rig.rows(handle.workflowId);
    expect(rows).toMatchObject({ status: 'cancelled', started_at: null, error: { reason: 'cancelled', compensate_from_idx: null } });
    expect(statuses(rows)).toEqual(['pending', 'pending']);
    expect(effectsOf(rig, handle.workflowId)).toEqual([]);
  });

  it('from outside of one activity fails its step', async () => {
    const handle = await rig.startScripted({ steps: chain(step('a'), step('b', { do: 'hang' })) });
    await seen(rig, handle.workflowId, 'do b');
    const { workflowExecutionInfo: _info, pendingActivities } = (await handle.describe()).raw;
    expect(pendingActivities?.map((activity) => activity.activityId)).toEqual(['1:b:do:1']);
    await rig.client.workflowService.respondActivityTaskFailedById({
      namespace: 'default',
      workflowId: handle.workflowId,
      activityId: '1:b:do:1',
      failure: { message: 'broken', applicationFailureInfo: { type: 'BROKEN', nonRetryable: true } },
    });
    await endOf(handle);
    expect((await rig.rows(handle.workflowId)).steps[1]).toMatchObject({ status: 'failed', error: { code: 'BROKEN', message: 'broken' } });
  });
});
