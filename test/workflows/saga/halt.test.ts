import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { haltUpdate } from '../../../src/contracts/messages.ts';
import { bodiedPlan } from '../../support/bodied.ts';
import { startRig, type Rig } from '../../support/rig.ts';
import { chain, effectsOf, endOf, openGate, reentry, runOf, seeds, seen, statuses, step, undosOf } from '../../support/saga-runs.ts';

describe('halt', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig.stop());

  it('on failure closes the run with everything kept', async () => {
    const { id, rows, type, close } = await runOf(rig, chain(step('a'), step('b', { do: 'fail' }), step('c')), { on_failure: 'halt' });
    expect({ type, status: close?.status }).toEqual({ type: 'SAGA_HALTED', status: 'halted' });
    expect(rows).toMatchObject({ status: 'halted', error: { reason: 'step_failed:b', compensate_from_idx: null } });
    expect(statuses(rows)).toEqual(['completed', 'failed', 'pending']);
    expect(undosOf(rig, id)).toEqual([]);
  });

  it('lets running siblings finish', async () => {
    const handle = await rig.startScripted(
      { steps: [step('slow', { do: 'wait' }), step('fails', { do: 'fail' })] },
      { on_failure: 'halt' },
    );
    await seen(rig, handle.workflowId, 'do slow');
    openGate(rig, handle.workflowId);
    await endOf(handle);
    expect(statuses(await rig.rows(handle.workflowId))).toEqual(['completed', 'failed']);
  });

  it('does not run the step that runs last', async () => {
    const handle = await rig.startWorkflow('bodied', bodiedPlan, [
      { variant: 'last', scripts: { second: { do: 'fail' } } },
      { on_failure: 'halt' },
    ]);
    expect(await endOf(handle)).toMatchObject({ type: 'SAGA_HALTED' });
    expect(effectsOf(rig, handle.workflowId)).toEqual(['do first', 'do second']);
    expect(statuses(await rig.rows(handle.workflowId))).toEqual(['completed', 'failed', 'pending']);
  });

  it('on request stops at the next step', async () => {
    const handle = await rig.startScripted({ steps: chain(step('a', { do: 'wait' }), step('b')) });
    await seen(rig, handle.workflowId, 'do a');
    await handle.executeUpdate(haltUpdate);
    openGate(rig, handle.workflowId);
    expect(await endOf(handle)).toMatchObject({ type: 'SAGA_HALTED', close: { error: { reason: 'halted' } } });
    expect(statuses(await rig.rows(handle.workflowId))).toEqual(['completed', 'pending']);
  });

  it('gives way to a cancel', async () => {
    const handle = await rig.startScripted(
      { steps: [step('slow', { do: 'hang' }), step('fails', { do: 'fail', no_undo: true })] },
      { on_failure: 'halt' },
    );
    await seen(rig, handle.workflowId, 'do slow');
    await handle.cancel();
    await endOf(handle);
    expect(await rig.rows(handle.workflowId)).toMatchObject({ status: 'rolled_back' });
    expect(undosOf(rig, handle.workflowId)).toEqual(['undo slow unknown']);
  });

  it.each([
    ['rolled back', 'rollback' as const, ['undo b unknown', 'undo a done'], 'rolled_back'],
    ['recovered', 'recover' as const, ['undo b unknown', 'do b', 'do c'], 'completed'],
  ])('a halted run can be %s later', async (_title, mode, effects, status) => {
    const steps = chain(step('a'), step('b', { do: 'fail' }), step('c'));
    const { id, rows } = await runOf(rig, steps, { on_failure: 'halt' });
    const mended = steps.map((each) => (each.name === 'b' ? { ...each, script: {} } : each));
    const again = await runOf(
      rig,
      mended,
      reentry(mode, rows.root_run_id ?? '', seeds(steps, 'completed', 'failed'), { from_step: 1 }),
      id,
    );
    expect(effectsOf(rig, id).slice(2)).toEqual(effects);
    expect(again.rows.status).toBe(status);
  });
});
