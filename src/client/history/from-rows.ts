import { KINDS } from '../../contracts/kinds.ts';
import type { RunStatus, SagaRun, SagaStepRow } from '../../contracts/ledger.ts';
import { parseVersion } from '../../contracts/version.ts';
import type { Ended, FoldedRun, FoldedStep } from './folded.ts';

/**
 * A run as its rows tell it, for when Temporal keeps its history no more. Rows know no generations; a run that was never recovered has
 * none above 0, and a recovered one is taken to have undone every step as often as it was recovered.
 */
export function foldRows(run: SagaRun): FoldedRun {
  const { recovery_attempts, max_recovery_attempts, job_id, parent_id, metadata } = run;
  // What the run's start said of a failure is not in its rows.
  const on_failure = KINDS[run.kind]?.on_failure;
  const kept = {
    max_recovery_attempts,
    metadata,
    ...(on_failure === undefined ? {} : { on_failure }),
    ...(job_id === null ? {} : { job_id }),
    ...(parent_id === null ? {} : { parent_id }),
  };
  return {
    ...run,
    run_id: run.run_id ?? '',
    root_run_id: run.root_run_id ?? '',
    run_no: parseVersion(run.version).run_no,
    workflow_type: KINDS[run.kind]?.workflow_type ?? run.kind,
    planned: true,
    dynamic_steps: [],
    start: kept,
    phase: 'forward',
    paused: false,
    reset_rows: [],
    start_timer: 'none',
    ended: endedOf(run.status),
    broken_by: null,
    last_task: 0,
    events: 0,
    approvals: [],
    steps: run.steps.map((step) => foldRow(step, recovery_attempts)),
  };
}

/** A run that Temporal does not know any more cannot be open. */
function endedOf(status: RunStatus): Ended {
  if (status === 'completed') return 'completed';
  const closed = status === 'halted' || status === 'failed' || status === 'rolled_back' || status === 'cancelled';
  return closed ? 'failed' : 'terminated';
}

function foldRow(step: SagaStepRow, generation: number): FoldedStep {
  const done = step.status === 'completed' || step.status === 'compensated' || step.status === 'skipped';
  const outcome = step.status === 'pending' ? null : done ? 'done' : 'unknown';
  const undo = step.compensated_at !== null ? 'done' : step.status === 'compensation_failed' ? 'failed' : 'none';
  return { ...step, generation, outcome, undo, before_undo: null, message_open: false, suspension: null };
}
