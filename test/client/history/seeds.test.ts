import { describe, expect, it } from 'vitest';
import { foldHistory } from '../../../src/client/history/fold.ts';
import type { FoldedRun } from '../../../src/client/history/folded.ts';
import type { Reentry } from '../../../src/contracts/saga-start.ts';
import { HistoryBuilder } from '../../support/history-builder.ts';

const fold = (history: HistoryBuilder): FoldedRun => foldHistory(history.events, { id: 'r' });
const statuses = (run: FoldedRun): readonly string[] => run.steps.map((step) => step.status);

function entered(reentry: Partial<Reentry> & Pick<Reentry, 'mode'>): HistoryBuilder {
  const whole: Reentry = {
    run_no: 2,
    root_run_id: 'root',
    created_at: '2026-01-01T00:00:00.000Z',
    started_at: null,
    recovery_attempts: 1,
    steps: [],
    ...reentry,
  };
  return new HistoryBuilder({ start: { reentry: whole } });
}

describe('a re-entry', () => {
  const done = { status: 'completed', outcome: 'done', generation: 0 } as const;

  it('continues from the seeded rows and the dynamic steps', () => {
    const run = fold(
      entered({ mode: 'continue', paused: true, steps: [{ ...done, step_idx: 0, output: 1 }], dynamic_steps: [{ name: 'd' }] }),
    );
    expect(run).toMatchObject({ run_no: 2, root_run_id: 'root', status: 'paused', created_at: '2026-01-01T00:00:00.000Z' });
    expect(statuses(run)).toEqual(['completed', 'pending', 'pending', 'pending']);
    expect(run.dynamic_steps).toEqual([{ name: 'd' }]);
  });

  it.each(['rollback', 'undo_retry'] as const)('is compensating from the start in a %s, with its error', (mode) => {
    const error = { reason: 'terminated', compensate_from_idx: 0 };
    expect(fold(entered({ mode, error, steps: [{ ...done, step_idx: 0 }] }))).toMatchObject({ status: 'compensating', error });
  });

  it('makes the rows of a recovery pending again once all are undone, with the next generation', () => {
    const history = entered({
      mode: 'recover',
      from_step: 1,
      steps: [
        { ...done, step_idx: 0 },
        { ...done, step_idx: 1 },
        { step_idx: 2, status: 'running', generation: 4 },
      ],
    });
    expect(fold(history).status).toBe('recovering');
    history.did('2:c:undo:1');
    expect(fold(history)).toMatchObject({ status: 'recovering', steps: [{}, {}, { status: 'compensated', generation: 5 }] });
    history.did('1:b:undo:1');
    expect(fold(history)).toMatchObject({
      status: 'running',
      steps: [{ status: 'completed' }, { status: 'pending', generation: 1 }, { status: 'pending', generation: 5, compensated_at: null }],
    });
  });

  it('ends a recovery without undos with the first step that runs', () => {
    const history = entered({
      mode: 'recover',
      from_step: 1,
      steps: [
        { ...done, step_idx: 0 },
        { step_idx: 1, status: 'failed', generation: 0, error: { code: 'X', message: 'x' } },
      ],
    });
    history.task(() => history.scheduled('1:b:do:1'));
    expect(fold(history)).toMatchObject({ status: 'running', steps: [{}, { status: 'running', error: null, generation: 0 }, {}] });
  });

  it('leaves the rows before a recovery that got stuck alone', () => {
    const history = entered({
      mode: 'recover',
      from_step: 1,
      steps: [
        { ...done, step_idx: 0 },
        { ...done, step_idx: 1 },
        { ...done, step_idx: 2 },
      ],
    });
    history.broke('1:b:undo:1');
    const stuck = [{ step_idx: 1, step_name: 'b', code: 'BOOM', message: 'it broke' }];
    history.task(() => history.close({ status: 'failed', error: { reason: 'step_failed:b', compensate_from_idx: 2, stuck } }));
    expect(statuses(fold(history))).toEqual(['completed', 'compensation_failed', 'compensated']);
  });

  it('undoes what was stuck', () => {
    const stuck = {
      step_idx: 0,
      status: 'compensation_failed',
      outcome: 'done',
      output: 1,
      generation: 0,
      error: { code: 'E', message: 'm' },
    } as const;
    const history = entered({ mode: 'undo_retry', error: { reason: 'step_failed:b', compensate_from_idx: 0 }, steps: [stuck] });
    history.did('0:a:undo:1');
    expect(fold(history).steps[0]).toMatchObject({ status: 'compensated', undo: 'done', generation: 1 });
  });

  it('counts a step of unknown outcome that was undone as compensated', () => {
    const history = entered({ mode: 'rollback', steps: [{ step_idx: 0, status: 'running', generation: 0 }] });
    history.did('0:a:undo:1');
    expect(fold(history).steps[0]).toMatchObject({ status: 'compensated' });
  });
});
