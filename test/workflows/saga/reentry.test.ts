import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SeedStep } from '../../../src/contracts/saga-start.ts';
import { bodiedPlan } from '../../support/bodied.ts';
import { startRig, type Rig } from '../../support/rig.ts';
import { chain, effectsOf, endOf, reentry, runOf, seeds, seen, statuses, step, undosOf } from '../../support/saga-runs.ts';

const ROOT = 'the-first-run';
const NAMES = ['a', 'b', 'c', 'd'];

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

describe('re-entry', () => {
  it.each(NAMES.map((name, idx) => [name, idx] as const))(
    'a run terminated while %s ran is rolled back: that one as unknown, those before as done',
    async (name, idx) => {
      const steps = chain(...NAMES.map((each) => step(each, each === name ? { do: 'hang' } : {})));
      const first = await rig.startScripted({ steps });
      const id = first.workflowId;
      await seen(rig, id, `do ${name}`);
      await first.terminate();
      const known = seeds(steps, ...NAMES.slice(0, idx).map(() => 'completed' as const), 'running');
      const { rows, close } = await runOf(
        rig,
        steps,
        reentry('rollback', first.firstExecutionRunId, known, { error: { reason: 'terminated', compensate_from_idx: null } }),
        id,
      );
      expect(undosOf(rig, id)).toEqual([
        `undo ${name} unknown`,
        ...NAMES.slice(0, idx)
          .toReversed()
          .map((each) => `undo ${each} done`),
      ]);
      expect(rows).toMatchObject({
        status: 'rolled_back',
        root_run_id: first.firstExecutionRunId,
        error: { reason: 'terminated', compensate_from_idx: idx },
      });
      expect(close).toMatchObject({ status: 'rolled_back' });
      expect(effectsOf(rig, id).filter((effect) => effect.startsWith('do'))).toHaveLength(idx + 1);
    },
  );

  it('a recovery undoes the steps from there on before it runs them again, and reuses those before', async () => {
    const steps = chain(...NAMES.map((name) => step(name)));
    const { id, rows } = await runOf(
      rig,
      steps,
      reentry('recover', ROOT, seeds(steps, 'completed', 'completed', 'completed', 'failed'), { from_step: 2, recovery_attempts: 1 }),
    );
    expect(effectsOf(rig, id)).toEqual(['undo d unknown', 'undo c done', 'do c', 'do d']);
    expect(rows).toMatchObject({ status: 'completed', recovery_attempts: 1, context: { a: 'a', b: 'b', c: 'c', d: 'd' } });
  });

  it('a recovery that cannot undo what it is to run again ends as failed, and runs nothing', async () => {
    const steps = chain(step('a'), step('b', { undo: 'fail' }), step('c'));
    const { id, rows } = await runOf(rig, steps, reentry('recover', ROOT, seeds(steps, 'completed', 'completed'), { from_step: 1 }));
    expect(effectsOf(rig, id)).toEqual(['undo b done']);
    expect(statuses(rows)).toEqual(['completed', 'compensation_failed', 'pending']);
    expect(rows).toMatchObject({ status: 'failed', error: { stuck: [{ step_name: 'b' }] } });
  });
});

describe('re-entry, of runs that left something open', () => {
  it('what is stuck is undone again, and nothing else', async () => {
    const steps = chain(...NAMES.map((name) => step(name)));
    const done = { generation: 1, output: 'x', outcome: 'done', compensated_at: '2026-01-01T00:00:00.000Z' } as const;
    const known: SeedStep[] = [
      { step_idx: 0, status: 'compensated', ...done },
      {
        step_idx: 1,
        status: 'compensation_failed',
        outcome: 'done',
        output: 'b',
        generation: 0,
        error: { code: 'SCRIPTED', message: 'stuck' },
      },
      { step_idx: 2, status: 'compensated', ...done },
      {
        step_idx: 3,
        status: 'failed',
        outcome: 'unknown',
        generation: 1,
        compensated_at: done.compensated_at,
        error: { code: 'X', message: 'x' },
      },
    ];
    const { id, rows } = await runOf(
      rig,
      steps,
      reentry('undo_retry', ROOT, known, { error: { reason: 'step_failed:d', compensate_from_idx: 3 } }),
    );
    expect(effectsOf(rig, id)).toEqual(['undo b done']);
    expect(statuses(rows)).toEqual(['compensated', 'compensated', 'compensated', 'failed']);
    expect(rows).toMatchObject({ status: 'rolled_back', error: { reason: 'step_failed:d' } });
  });

  it('an unknown outcome is adopted under the same key when the step runs again', async () => {
    const steps = chain(step('a'), step('b', { do: 'hang' }));
    const first = await rig.startScripted({ steps });
    const id = first.workflowId;
    await seen(rig, id, 'do b');
    await first.terminate();
    const mended = chain(step('a'), step('b'), step('c', { do: 'fail' }));
    const { rows } = await runOf(rig, mended, reentry('continue', first.firstExecutionRunId, seeds(steps, 'completed', 'running')), id);
    expect(effectsOf(rig, id)).toEqual(['do a', 'do b', 'do c', 'undo c unknown', 'undo b done', 'undo a done']);
    expect(rows).toMatchObject({ status: 'rolled_back' });
    expect(rows.steps[1]).toMatchObject({ activity_id: '1:b:do:1', status: 'compensated' });
  });

  it('the generation grows only once the undo has completed', async () => {
    const steps = chain(step('a'), step('b'));
    const { id } = await runOf(rig, steps, reentry('recover', ROOT, seeds(steps, 'completed', 'completed'), { from_step: 0 }));
    const keys = rig.effects.all(id).map((effect) => effect.key);
    expect(keys).toEqual([`${id}/${ROOT}/1.0/undo/0`, `${id}/${ROOT}/0.0/undo/0`, `${id}/${ROOT}/0.0/do/1`, `${id}/${ROOT}/1.0/do/1`]);
  });
});

describe('re-entry, when the body does not come to what is recorded', () => {
  it.each([
    ['rolled back', 'rollback' as const],
    ['recovered', 'recover' as const],
  ])('a step that the body does not come to any more is named when the run is %s', async (_title, mode) => {
    const known: SeedStep[] = ['first', 'second'].map((output, idx) => ({ step_idx: idx, status: 'completed', output, generation: 0 }));
    const handle = await rig.startWorkflow('bodied', bodiedPlan, [
      { variant: 'stops_short' },
      reentry(mode, ROOT, known, { from_step: 0 }),
    ]);
    expect(await endOf(handle)).toMatchObject({
      type: 'SAGA_FAILED',
      close: { status: 'failed', error: { stuck: [{ step_idx: 1, step_name: 'second', code: 'NOT_REACHED' }] } },
    });
    expect(statuses(await rig.rows(handle.workflowId)).slice(0, 2)).toEqual(['compensated', 'compensation_failed']);
    expect(undosOf(rig, handle.workflowId)).toEqual(['undo first done']);
  });

  it('a run cancelled before its body came to what is recorded still undoes all of it', async () => {
    const steps = chain(...Array.from({ length: 12 }, (_, idx) => step(`s${idx}`)), step('open'));
    const idle = await startRig({ worker: false });
    try {
      const handle = await idle.startScripted(
        { steps },
        reentry('continue', ROOT, seeds(steps, ...Array.from({ length: 12 }, () => 'completed' as const))),
      );
      await handle.cancel();
      const serving = await idle.serve();
      await endOf(handle);
      expect(await idle.rows(handle.workflowId)).toMatchObject({ status: 'rolled_back', error: { compensate_from_idx: 11 } });
      expect(undosOf(idle, handle.workflowId)).toHaveLength(12);
      await serving.stop();
    } finally {
      await idle.stop();
    }
  });
});
