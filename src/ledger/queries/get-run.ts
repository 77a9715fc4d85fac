import type { SagaRun, SagaRunRow } from '../../contracts/ledger.ts';
import type { Sql } from '../connection.ts';
import { listSteps } from './list-steps.ts';

/** A run with its steps in order, both as of the same moment; undefined when there is none of this id. */
export async function getRun(sql: Sql, id: string): Promise<SagaRun | undefined> {
  return await sql.begin('isolation level repeatable read read only', async (tx) => {
    const [run] = await tx<SagaRunRow[]>`
      select id, run_id, root_run_id, kind, job_id, status, plan, current_step_idx, inputs, context, result, metadata,
        cancel_requested, error, recovery_attempts, max_recovery_attempts, parent_id, version, created_at, started_at, completed_at
      from saga_runs where id = ${id}`;
    return run && { ...run, steps: await listSteps(tx, id) };
  });
}
