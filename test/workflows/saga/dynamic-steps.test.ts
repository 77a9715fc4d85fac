import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlanStep } from '../../../src/contracts/plan.ts';
import { startRig, type Rig } from '../../support/rig.ts';
import { chain, effectsOf, reentry, runOf, seeds, statuses, step, undosOf } from '../../support/saga-runs.ts';

const many = (count: number): PlanStep[] => Array.from({ length: count }, (_, idx) => ({ name: `added${idx}` }));

describe('dynamic steps', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig.stop());

  it('join the plan, run once what they need is done, and are undone like any other', async () => {
    const steps: PlanStep[] = [
      { name: 'x', needs: ['a'] },
      { name: 'y', needs: ['x', 'b'] },
    ];
    const { id, rows, result } = await runOf(rig, [...chain(step('a', { do: 'more', steps }), step('b'))]);
    expect(result).toEqual({ a: 'a', b: 'b', x: 'x', y: 'y' });
    expect(rows.plan.map((each) => each.name)).toEqual(['a', 'b', 'x', 'y']);
    expect(rows.steps.map((each) => [each.step_name, each.needs, each.status])).toEqual([
      ['a', [], 'completed'],
      ['b', [0], 'completed'],
      ['x', [0], 'completed'],
      ['y', [2, 1], 'completed'],
    ]);
    expect(effectsOf(rig, id).at(-1)).toBe('do y');
  });

  it('are undone when a later one fails', async () => {
    const more = step('a', { do: 'more', steps: [{ name: 'x', needs: ['a'] }] });
    const { id, rows } = await runOf(rig, [
      more,
      step('late', { do: 'flaky' }, { needs: ['a'] }),
      step('fails', { do: 'fail', no_undo: true }, { needs: ['late'] }),
    ]);
    expect(undosOf(rig, id)).toContain('undo x done');
    expect(statuses(rows)).toEqual(['compensated', 'compensated', 'failed', 'compensated']);
  });

  it('are known again in a re-entry', async () => {
    const steps = [step('a')];
    const known = [...seeds(steps, 'completed'), { step_idx: 1, status: 'completed' as const, output: 'x', generation: 0 }];
    const { id, rows } = await runOf(rig, steps, reentry('rollback', 'root', known, { dynamic_steps: [{ name: 'x', needs: ['a'] }] }));
    expect(undosOf(rig, id)).toEqual(['undo x done', 'undo a done']);
    expect(rows.steps.map((each) => each.step_name)).toEqual(['a', 'x']);
  });

  it('may fill a run up to 500 steps', async () => {
    const { rows } = await runOf(rig, [step('a', { do: 'more', steps: many(499).map((each) => ({ ...each, light: true })) })]);
    expect(rows.status).toBe('completed');
    expect(rows.steps).toHaveLength(500);
  });

  it.each<[string, unknown[], RegExp]>([
    ['has the name of another', [{ name: 'a' }], /"a" is used twice/],
    ['needs one that is not there', [{ name: 'x', needs: ['nobody'] }], /needs names "nobody", which is no earlier step/],
    ['is one too many', many(500), /at most 500 steps/],
    ['has no name', [{ queue: 'q' }], /added steps\[0\]: expected \{name/],
    ['has a name that is no id', [{ name: 'a b' }], /added steps\[0\]/],
    ['is no object', [null], /added steps\[0\]/],
  ])('a step that %s fails the step that added it, as INVALID_STEPS', async (_title, steps, message) => {
    const { id, rows } = await runOf(rig, [step('a', { do: 'more', steps: steps as PlanStep[] })]);
    expect(rows.steps[0]).toMatchObject({ status: 'failed', error: { code: 'INVALID_STEPS' } });
    expect(rows.steps[0]?.error?.message).toMatch(message);
    expect(rows).toMatchObject({ status: 'rolled_back' });
    expect(rows.steps).toHaveLength(1);
    expect(undosOf(rig, id)).toEqual(['undo a unknown']);
  });
});
