import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bodiedPlan, type BodiedInput } from '../../support/bodied.ts';
import { startRig, type Rig } from '../../support/rig.ts';
import { chain, effectsOf, endOf, seen, statuses, step } from '../../support/saga-runs.ts';

describe('sub-sagas', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig.stop());

  const start = (child: BodiedInput['child'] & object) => rig.startWorkflow('bodied', bodiedPlan, [{ variant: 'sub_saga', child }]);

  it('give their result to the step, under an id of their own', async () => {
    const handle = await start({ steps: chain(step('x'), step('y')) });
    expect(await endOf(handle)).toMatchObject({ temporal: 'completed' });
    const [parent, child] = await Promise.all([rig.rows(handle.workflowId), rig.rows(`${handle.workflowId}.second`)]);
    expect(parent.steps[1]).toMatchObject({ status: 'completed', output: { x: 'x', y: 'y' }, activity_id: '1:second:do:1', attempts: 1 });
    expect(child).toMatchObject({ status: 'completed', kind: 'scripted', parent_id: handle.workflowId });
  });

  it('are cancelled with their parent, which waits until they are undone', async () => {
    const handle = await start({ steps: chain(step('x'), step('y', { do: 'hang' })) });
    const childId = `${handle.workflowId}.second`;
    await seen(rig, childId, 'do y');
    await handle.cancel();
    expect(await endOf(handle)).toEqual({ temporal: 'cancelled' });
    expect(effectsOf(rig, childId)).toEqual(['do x', 'do y', 'undo y unknown', 'undo x done']);
    const all = rig.effects.all().map((effect) => `${effect.phase} ${effect.step}`);
    expect(all.indexOf('undo first')).toBeGreaterThan(all.lastIndexOf('undo x'));
    expect(statuses(await rig.rows(handle.workflowId)).slice(0, 2)).toEqual(['compensated', 'cancelled']);
    expect(await rig.rows(childId)).toMatchObject({ status: 'rolled_back', error: { reason: 'cancelled' } });
  });

  it('that fail and undo everything fail their step', async () => {
    const handle = await start({ steps: chain(step('x'), step('y', { do: 'fail' })) });
    const end = await endOf(handle);
    expect(end).toMatchObject({
      type: 'SAGA_ROLLED_BACK',
      close: { error: { reason: 'step_failed:second' }, failed_step: { code: 'SAGA_ROLLED_BACK' } },
    });
    expect(end.close?.error.stuck).toBeUndefined();
  });

  it('that are stuck are named among what is stuck in their parent', async () => {
    const handle = await start({ steps: chain(step('x', { undo: 'fail' }), step('y', { do: 'fail' })) });
    expect(await endOf(handle)).toMatchObject({
      type: 'SAGA_FAILED',
      close: {
        status: 'failed',
        error: {
          reason: 'step_failed:second',
          stuck: [{ step_idx: 0, step_name: 'x', code: 'SCRIPTED', child_id: `${handle.workflowId}.second` }],
        },
      },
    });
    expect(await rig.rows(handle.workflowId)).toMatchObject({ status: 'failed', error: { stuck: [{ step_name: 'x' }] } });
  });

  it('that are cancelled by themselves fail their step', async () => {
    const handle = await start({ steps: [step('x', { do: 'hang' })] });
    const child = rig.client.workflow.getHandle(`${handle.workflowId}.second`);
    await seen(rig, child.workflowId, 'do x');
    await child.cancel();
    expect(await endOf(handle)).toMatchObject({ type: 'SAGA_ROLLED_BACK', close: { error: { reason: 'step_failed:second' } } });
  });
});
