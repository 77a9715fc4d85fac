import type { SagaStepRow } from '../../contracts/ledger.ts';
import type { Sql, Transaction } from '../connection.ts';

/** The steps of a run in the order of the plan. At most 500 (`MAX_STEPS`). */
export async function listSteps(sql: Sql | Transaction, sagaId: string): Promise<SagaStepRow[]> {
  return [
    ...(await sql<SagaStepRow[]>`
      select saga_id, step_idx, step_name, task_type, needs, status, output, error, attempts, worker_id, activity_id,
        estimated_duration_s, queued_at, started_at, completed_at, compensated_at, wakes_at, version
      from saga_step_results where saga_id = ${sagaId} order by step_idx`),
  ];
}
