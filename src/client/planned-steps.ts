import type { SagaRunRow, SagaStepRow } from '../contracts/ledger.ts';
import { needsByIndex } from '../contracts/plan.ts';

/** The steps of a run that has flushed none yet: those of its plan, pending. */
export function plannedSteps(run: Pick<SagaRunRow, 'id' | 'kind' | 'plan'>): SagaStepRow[] {
  const needs = needsByIndex({ kind: run.kind, steps: run.plan });
  return run.plan.map((step, idx) => ({
    saga_id: run.id,
    step_idx: idx,
    step_name: step.name,
    task_type: step.task_type ?? step.name,
    needs: needs[idx] ?? [],
    status: 'pending',
    output: null,
    error: null,
    attempts: 0,
    worker_id: null,
    activity_id: null,
    estimated_duration_s: step.estimated_duration_s ?? null,
    queued_at: null,
    started_at: null,
    completed_at: null,
    compensated_at: null,
    wakes_at: null,
    version: 0,
  }));
}
