import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRig, type Rig } from '../../support/rig.ts';
import { chain, effectsOf, runOf, statuses, step, undosOf } from '../../support/saga-runs.ts';
import type { ScriptedStep } from '../../support/scripted.ts';

describe('undo before acting', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig.stop());

  it.each<[string, ScriptedStep, string[], string, number | null]>([
    ['a failed step is undone with an unknown outcome', step('b', { do: 'fail' }), ['undo b unknown', 'undo a done'], 'failed', 1],
    [
      'a step that timed out is undone with an unknown outcome',
      step('b', { do: 'hang' }, { timeout_ms: 300, max_retries: 0 }),
      ['undo b unknown', 'undo a done'],
      'failed',
      1,
    ],
    [
      'a step whose output was refused is undone with an unknown outcome',
      step('b', { do: 'huge' }),
      ['undo b unknown', 'undo a done'],
      'failed',
      1,
    ],
    ['a step that left nothing behind is not undone', step('b', { do: 'no_effect' }), ['undo a done'], 'failed', 0],
    ['a failed step without undo is passed by', step('b', { do: 'fail', no_undo: true }), ['undo a done'], 'failed', 0],
  ])('%s', async (_title, b, undos, status, from) => {
    const { id, rows } = await runOf(rig, chain(step('a'), b, step('c')));
    expect(undosOf(rig, id)).toEqual(undos);
    expect(statuses(rows)).toEqual(['compensated', status, 'pending']);
    expect(rows).toMatchObject({ status: 'rolled_back', error: { reason: 'step_failed:b', compensate_from_idx: from } });
  });

  it('a completed step without undo is passed by, and shown as compensated', async () => {
    const { id, rows } = await runOf(rig, chain(step('a', { no_undo: true }), step('b', { do: 'fail', no_undo: true })));
    expect(undosOf(rig, id)).toEqual([]);
    expect(statuses(rows)).toEqual(['compensated', 'failed']);
    expect(rows.error).toMatchObject({ compensate_from_idx: 0 });
  });

  it('a run with nothing to undo says so', async () => {
    const { rows } = await runOf(rig, [step('a', { do: 'no_effect' })]);
    expect(rows).toMatchObject({ status: 'rolled_back', error: { reason: 'step_failed:a', compensate_from_idx: null } });
  });

  it('a run that completes undoes nothing', async () => {
    const { id, rows, result } = await runOf(rig, chain(step('a'), step('b', { output: { n: 1 } })));
    expect(effectsOf(rig, id)).toEqual(['do a', 'do b']);
    expect(rows).toMatchObject({ status: 'completed', context: { a: 'a', b: { n: 1 } }, error: null });
    expect(result).toEqual({ a: 'a', b: { n: 1 } });
  });
});
