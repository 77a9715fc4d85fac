import type { SagaRunRow } from '../../contracts/ledger.ts';
import type { Sql } from '../connection.ts';
import { jsonbText } from '../jsonb-safe.ts';

/** What is known of a run before its workflow is started. */
export type PendingRun = Pick<SagaRunRow, 'id' | 'kind' | 'plan' | 'inputs'> &
  Partial<Pick<SagaRunRow, 'job_id' | 'parent_id' | 'metadata' | 'max_recovery_attempts'>>;

/** Notes a run as `pending`, without a run id, at version 0. Answers false, and changes nothing, when the id has a row already. */
export async function insertPendingRun(sql: Sql, run: PendingRun): Promise<boolean> {
  const { count } = await sql`
    insert into saga_runs (id, kind, job_id, plan, inputs, metadata, max_recovery_attempts, parent_id)
    select id, kind, job_id, plan, inputs, coalesce(metadata, '{}'), coalesce(max_recovery_attempts, 3), parent_id
    from jsonb_populate_record(null::saga_runs, ${jsonbText(run)}::text::jsonb)
    on conflict (id) do nothing`;
  return count === 1;
}
