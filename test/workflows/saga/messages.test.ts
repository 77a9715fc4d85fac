import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  cancelAfterStepUpdate,
  haltUpdate,
  pauseUpdate,
  resumeUpdate,
  skipUpdate,
  type SkipInput,
} from '../../../src/contracts/messages.ts';
import { startRig, type Rig } from '../../support/rig.ts';
import { chain, effectsOf, endOf, openGate, refusalOf, seen, statuses, step } from '../../support/saga-runs.ts';

describe('messages', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig.stop());

  const updatesIn = async (id: string): Promise<number> =>
    ((await rig.client.workflow.getHandle(id).fetchHistory()).events ?? []).filter(
      (event) => event.workflowExecutionUpdateAcceptedEventAttributes,
    ).length;
  const held = async (undo: 'ok' | 'wait' = 'ok') => {
    const handle = await rig.startScripted({ steps: chain(step('a', { undo }), step('b', { do: 'wait' }), step('c')) });
    await seen(rig, handle.workflowId, 'do b');
    return handle;
  };

  it('skip gives a step that has not started the result it is told', async () => {
    const handle = await held();
    expect(await handle.executeUpdate(skipUpdate, { args: [{ step: 'c', result: { by: 'hand' } }] })).toEqual({ status: 'running' });
    openGate(rig, handle.workflowId);
    expect(await endOf(handle)).toMatchObject({ temporal: 'completed', result: { a: 'a', b: 'b', c: { by: 'hand' } } });
    const rows = await rig.rows(handle.workflowId);
    expect(rows.steps[2]).toMatchObject({ status: 'skipped', output: { by: 'hand' }, attempts: 0 });
    expect(effectsOf(rig, handle.workflowId)).toEqual(['do a', 'do b']);
  });

  it('a skipped step is not undone', async () => {
    const handle = await held();
    await handle.executeUpdate(skipUpdate, { args: [{ step: '2', result: null }] });
    await handle.cancel();
    await endOf(handle);
    expect(statuses(await rig.rows(handle.workflowId))).toEqual(['compensated', 'cancelled', 'skipped']);
  });

  it('a message that is refused says why, and leaves no event', async () => {
    const handle = await held();
    const skip = (input: unknown) => refusalOf(handle.executeUpdate(skipUpdate, { args: [input as SkipInput] }));
    expect(await skip({ step: 'a', result: 1 })).toBe('step a is completed; only a step that has not started can be skipped');
    expect(await skip({ step: 'b', result: 1 })).toBe('step b is running; only a step that has not started can be skipped');
    expect(await skip({ step: 'z', result: 1 })).toBe('expected a step of this run (a, b, c), got "z"');
    expect(await skip({ step: 'c' })).toMatch(/^expected \{step, result\}/);
    expect(await skip(undefined)).toMatch(/^expected \{step, result\}/);
    expect(await skip({ step: 'c', result: 'x'.repeat(300_000) })).toMatch(/^the result given for step c is 300002 bytes/);
    expect(await refusalOf(handle.executeUpdate(resumeUpdate))).toBe('the run is not paused, it is running');
    expect(await updatesIn(handle.workflowId)).toBe(0);
    openGate(rig, handle.workflowId);
    expect(await endOf(handle)).toMatchObject({ temporal: 'completed' });
  });

  it('every control is refused once the run is ending, without an event', async () => {
    const handle = await held('wait');
    await handle.cancel();
    await seen(rig, handle.workflowId, 'undo a done');
    for (const update of [pauseUpdate, haltUpdate, cancelAfterStepUpdate])
      expect(await refusalOf(handle.executeUpdate(update))).toBe('the run is compensating and ending');
    expect(await refusalOf(handle.executeUpdate(skipUpdate, { args: [{ step: 'c', result: 1 }] }))).toBe(
      'the run is compensating and ending',
    );
    expect(await refusalOf(handle.executeUpdate(resumeUpdate))).toBe('the run is not paused, it is compensating');
    expect(await updatesIn(handle.workflowId)).toBe(0);
    openGate(rig, handle.workflowId, 'undo');
    await endOf(handle);
  });
});
