import type { LedgerBatch, LedgerEvent, SagaStepRow } from '../../src/contracts/ledger.ts';

/** A time with milliseconds, as the workflow writes it. */
export const NOON = '2026-03-01T12:00:00.123Z';

/** A batch with nothing in it but what is given. */
export function batch(saga_id: string, version: number, parts: Partial<LedgerBatch> = {}): LedgerBatch {
  return { saga_id, version, run: {}, steps: [], events: [], ...parts };
}

/** A completed step. */
export function step(step_idx: number, parts: Partial<SagaStepRow> = {}): LedgerBatch['steps'][number] {
  return {
    step_idx,
    step_name: `step_${step_idx}`,
    task_type: 'echo',
    needs: step_idx > 0 ? [step_idx - 1] : [],
    status: 'completed',
    output: { echoed: step_idx },
    error: null,
    attempts: 1,
    worker_id: 'worker-1',
    activity_id: `${step_idx}:step_${step_idx}:do:1`,
    estimated_duration_s: 1.5,
    queued_at: NOON,
    started_at: NOON,
    completed_at: NOON,
    compensated_at: null,
    wakes_at: null,
    ...parts,
  };
}

/** An event of a run; `what` makes its id. */
export function event(subject: string, what: string, type = 'cerebros.saga.step.completed'): LedgerEvent {
  return { id: `${subject}/root/${what}`, type, source: 'cerebros', subject, time: NOON, data: { what } };
}
