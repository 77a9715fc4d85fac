import type { FoldedRun, FoldedStep } from './folded.ts';
import { NOT_STARTED, setRun, type FoldState } from './state.ts';

/** Is every row that the recovery runs again known to be undone? Steps without an undo never say so. */
export function recoveryIsDone(state: FoldState): boolean {
  return (
    state.run.phase === 'recovering' && recovered(state.run, state.steps).every((step) => step.undo === 'done' || step.status === 'pending')
  );
}

/** The rows ≥ `from_step` become pending again, unless an undo failed: then the run is about to close. Answers whether they did. */
export function endRecovery(state: FoldState): boolean {
  const rows = recovered(state.run, state.steps);
  const stuck = rows.some((step) => step.status === 'compensation_failed');
  setRun(state, { phase: stuck ? 'undoing' : 'forward', reset_rows: stuck ? [] : rows });
  if (stuck) return false;
  for (const row of rows) state.steps[row.step_idx] = pendingAgain(row);
  return true;
}

/** The row of a step that is about to run again; its generation grew when its undo was done. */
export function pendingAgain(step: FoldedStep): FoldedStep {
  if (step.status === 'pending') return step;
  return { ...step, ...NOT_STARTED };
}

function recovered(run: Pick<FoldedRun, 'start'>, steps: readonly FoldedStep[]): readonly FoldedStep[] {
  return steps.slice(run.start.reentry?.from_step ?? 0);
}
