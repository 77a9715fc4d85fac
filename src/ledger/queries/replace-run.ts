import type { SagaRun } from '../../contracts/ledger.ts';
import type { Sql } from '../connection.ts';
import { jsonbText } from '../jsonb-safe.ts';

/** Puts a rebuilt run in the place of whatever is stored, of any version; steps it does not have go. All of it or nothing. */
export async function replaceRun(sql: Sql, run: SagaRun): Promise<void> {
  await sql`
    with input as materialized (select ${jsonbText(run)}::text::jsonb as run),
    surplus as (
      delete from saga_step_results using input
      where saga_id = run ->> 'id' and not run -> 'steps' @> jsonb_build_array(jsonb_build_object('step_idx', step_idx))
    ),
    run_row as (
      insert into saga_runs
      select made.* from input, jsonb_populate_record(null::saga_runs, run) made
      on conflict (id) do update set (run_id, root_run_id, kind, job_id, status, plan, current_step_idx, inputs, context, result, metadata,
        cancel_requested, error, recovery_attempts, max_recovery_attempts, parent_id, version, created_at, started_at, completed_at
      ) = (excluded.run_id, excluded.root_run_id, excluded.kind, excluded.job_id, excluded.status, excluded.plan,
        excluded.current_step_idx, excluded.inputs, excluded.context, excluded.result, excluded.metadata, excluded.cancel_requested,
        excluded.error, excluded.recovery_attempts, excluded.max_recovery_attempts, excluded.parent_id, excluded.version,
        excluded.created_at, excluded.started_at, excluded.completed_at)
    )
    insert into saga_step_results
    select step.* from input, jsonb_array_elements(run -> 'steps') item,
      jsonb_populate_record(null::saga_step_results, item || jsonb_build_object('saga_id', run ->> 'id')) step
    on conflict (saga_id, step_idx) do update set (step_name, task_type, needs, status, output, error, attempts, worker_id, activity_id,
      estimated_duration_s, queued_at, started_at, completed_at, compensated_at, wakes_at, version
    ) = (excluded.step_name, excluded.task_type, excluded.needs, excluded.status, excluded.output, excluded.error, excluded.attempts,
      excluded.worker_id, excluded.activity_id, excluded.estimated_duration_s, excluded.queued_at, excluded.started_at,
      excluded.completed_at, excluded.compensated_at, excluded.wakes_at, excluded.version)`;
}
