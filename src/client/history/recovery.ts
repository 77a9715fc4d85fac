import type { FoldedRun, FoldedStep } from './folded.ts';
import { NOT_STARTED, setRun, type FoldState } from './state.ts';

/** Is every row that the recovery runs again known to be undone? Steps without an undo never say so. */
export function recoveryIsDone(state: FoldState): boolean {
  return state.run.phase === 'recovering' && recovered(state.run, state.steps).every((step) => step.undo === 'done' || step.status === 'pending');
}

/** The rows ≥ `from_step` become pending again, unless an undo failed: then the run undoes the rest. */
export function endRecovery(state: FoldState): void {
  const rows = recovered(state.run, state.steps);
  const stuck = rows.some((step) => step.status === 'compensation_failed');
  setRun(state, { phase: stuck ? 'undoing' : 'forward', reset_rows: stuck ? [] : rows });
  if (stuck) return;
  for (const row of rows) state.steps[row.step_idx] = pendingAgain(row);
}

/** The row of a step that is about to run again: its next effect has a new key only when the last one was undone. */
export function pendingAgain(step: FoldedStep): FoldedStep {
  if (step.status === 'pending') return step;
  return { ...step, ...NOT_STARTED, generation: step.generation + (step.compensated_at === null ? 0 : 1) };
}

function recovered(run: Pick<FoldedRun, 'start'>, steps: readonly FoldedStep[]): readonly FoldedStep[] {
  return steps.slice(run.start.reentry?.from_step ?? 0);
}
