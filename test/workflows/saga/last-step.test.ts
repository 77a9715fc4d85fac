import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bodiedPlan, type BodiedInput } from '../../support/bodied.ts';
import { startRig, type Rig } from '../../support/rig.ts';
import { effectsOf, endOf, openGate, seen, statuses } from '../../support/saga-runs.ts';

describe('the step that runs last', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig.stop());

  const start = (scripts: BodiedInput['scripts']) => rig.startWorkflow('bodied', bodiedPlan, [{ variant: 'last', scripts }]);

  it('runs after the others when all went well', async () => {
    const handle = await start({});
    expect(await endOf(handle)).toEqual({ temporal: 'completed', result: 'done' });
    expect(effectsOf(rig, handle.workflowId)).toEqual(['do first', 'do second', 'do last']);
    expect(statuses(await rig.rows(handle.workflowId))).toEqual(['completed', 'completed', 'completed']);
  });

  it('runs after the undo walk when a step failed, and stays as it is', async () => {
    const handle = await start({ second: { do: 'fail' } });
    expect(await endOf(handle)).toMatchObject({ type: 'SAGA_ROLLED_BACK' });
    expect(effectsOf(rig, handle.workflowId).slice(2)).toEqual(['undo second unknown', 'undo first done', 'do last']);
    expect(statuses(await rig.rows(handle.workflowId))).toEqual(['compensated', 'failed', 'completed']);
  });

  it('runs after the undo walk when the run was cancelled', async () => {
    const handle = await start({ second: { do: 'wait' } });
    await seen(rig, handle.workflowId, 'do second');
    await handle.cancel();
    expect(await endOf(handle)).toEqual({ temporal: 'cancelled' });
    expect(effectsOf(rig, handle.workflowId).at(-1)).toBe('do last');
  });

  it('is cancelled with the run, and still runs after the walk', async () => {
    const handle = await start({ last: { do: 'wait' } });
    const id = handle.workflowId;
    await seen(rig, id, 'do last');
    await handle.cancel();
    await seen(rig, id, 'undo first done');
    openGate(rig, id);
    expect(await endOf(handle)).toEqual({ temporal: 'cancelled' });
    expect(statuses(await rig.rows(id))).toEqual(['compensated', 'compensated', 'completed']);
  });

  it.each([
    ['after a walk', { second: { do: 'fail' }, last: { do: 'fail' } } as const, 'step_failed:second'],
    ['after everything went well', { last: { do: 'fail' } } as const, 'step_failed:last'],
  ])('is named as stuck when it fails %s', async (_title, scripts, reason) => {
    const handle = await start(scripts);
    expect(await endOf(handle)).toMatchObject({
      type: 'SAGA_FAILED',
      close: { status: 'failed', error: { reason, stuck: [{ step_idx: 2, step_name: 'last', code: 'SCRIPTED' }] } },
    });
    expect((await rig.rows(handle.workflowId)).steps[2]).toMatchObject({ status: 'compensation_failed', error: { code: 'SCRIPTED' } });
  });
});
