import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { haltUpdate, pauseUpdate, progressQuery, resumeUpdate, showQuery } from '../../../src/contracts/messages.ts';
import { startRig, type Rig } from '../../support/rig.ts';
import { chain, effectsOf, endOf, ledgerShows, openGate, refusalOf, seen, statuses, step, undosOf } from '../../support/saga-runs.ts';

describe('pause', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig.stop());

  it('lets the running step finish and starts no other, until the run is resumed', async () => {
    const handle = await rig.startScripted({ steps: chain(step('a', { do: 'wait' }), step('b')) });
    const id = handle.workflowId;
    await seen(rig, id, 'do a');
    expect(await handle.executeUpdate(pauseUpdate)).toEqual({ status: 'paused' });
    openGate(rig, id);
    const paused = await ledgerShows(rig, id, (run) => run.steps[0]?.status === 'completed');
    expect(paused).toMatchObject({ status: 'paused', current_step_idx: 1 });
    expect(await handle.query(progressQuery)).toMatchObject({
      status: 'paused',
      paused: true,
      progress: 50,
      waiting_on: ['resume'],
      current_step: 'b',
    });
    expect(statuses(await handle.query(showQuery))).toEqual(['completed', 'pending']);
    expect(await refusalOf(handle.executeUpdate(pauseUpdate))).toBe('the run is paused already');
    expect(effectsOf(rig, id)).toEqual(['do a']);
    expect(await handle.executeUpdate(resumeUpdate)).toEqual({ status: 'running' });
    expect(await endOf(handle)).toMatchObject({ temporal: 'completed', result: { a: 'a', b: 'b' } });
  });

  it('holds back a failure until the run is resumed', async () => {
    const handle = await rig.startScripted({ steps: [step('a'), step('b', { do: 'wait' }), step('c', { do: 'fail' }, { needs: ['b'] })] });
    const id = handle.workflowId;
    await seen(rig, id, 'do b');
    await rig.client.workflow.getHandle(id).executeUpdate(pauseUpdate);
    await rig.client.workflowService.respondActivityTaskFailedById({
      namespace: 'default',
      workflowId: id,
      activityId: '1:b:do:1',
      failure: { message: 'broken', applicationFailureInfo: { type: 'BROKEN', nonRetryable: true } },
    });
    expect(await ledgerShows(rig, id, (run) => run.steps[1]?.status === 'failed')).toMatchObject({ status: 'paused', error: null });
    expect(undosOf(rig, id)).toEqual([]);
    await handle.executeUpdate(resumeUpdate);
    expect(await endOf(handle)).toMatchObject({ type: 'SAGA_ROLLED_BACK', close: { error: { reason: 'step_failed:b' } } });
    expect(undosOf(rig, id).toSorted()).toEqual(['undo a done', 'undo b unknown']);
  });

  it('does not hold back a halt', async () => {
    const handle = await rig.startScripted({ steps: chain(step('a', { do: 'wait' }), step('b')) });
    await seen(rig, handle.workflowId, 'do a');
    await handle.executeUpdate(pauseUpdate);
    openGate(rig, handle.workflowId);
    await handle.executeUpdate(haltUpdate);
    expect(await endOf(handle)).toMatchObject({ type: 'SAGA_HALTED', close: { error: { reason: 'halted' } } });
  });

  it('before the first step shows as pending once resumed, and as running once the start has come', async () => {
    const at = new Date(Date.now() + 1_500).toISOString();
    const handle = await rig.startScripted({ steps: [step('a', { do: 'wait' })] }, { at });
    const id = handle.workflowId;
    expect(await handle.executeUpdate(pauseUpdate)).toEqual({ status: 'paused' });
    expect(await handle.executeUpdate(resumeUpdate)).toEqual({ status: 'pending' });
    await handle.executeUpdate(pauseUpdate);
    await fired(id);
    expect(effectsOf(rig, id)).toEqual([]);
    expect(await handle.executeUpdate(resumeUpdate)).toEqual({ status: 'running' });
    openGate(rig, id);
    expect(await endOf(handle)).toMatchObject({ temporal: 'completed' });
  });

  it('a planned start is kept', async () => {
    const at = new Date(Date.now() + 800).toISOString();
    const handle = await rig.startScripted({ steps: [step('a')] }, { at });
    expect(await endOf(handle)).toMatchObject({ temporal: 'completed' });
    const { started_at } = await rig.rows(handle.workflowId);
    expect(Date.parse(started_at ?? '')).toBeGreaterThanOrEqual(Date.parse(at));
  });

  async function fired(id: string): Promise<void> {
    await expect
      .poll(async () => (await rig.client.workflow.getHandle(id).fetchHistory()).events?.some((event) => event.timerFiredEventAttributes), {
        timeout: 10_000,
      })
      .toBe(true);
  }
});
