import type { SagaRun, SagaStepRow } from '../../contracts/ledger.ts';
import type { Sql } from '../connection.ts';

/**
 * A run with its steps in order, both as of the same moment; undefined when there is none of this id. One statement and no
 * transaction: in a busy pool with `max_pipeline`, postgres.js lets a `begin` in behind another query and loses it.
 */
export async function getRun(sql: Sql, id: string): Promise<SagaRun | undefined> {
  const [run] = await sql<SagaRun[]>`
    select id, run_id, root_run_id, kind, job_id, status, plan, current_step_idx, inputs, context, result, metadata,
      cancel_requested, error, recovery_attempts, max_recovery_attempts, parent_id, version, created_at, started_at, completed_at,
      (
        select coalesce(jsonb_agg(to_jsonb(step) order by step_idx), '[]') from saga_step_results step where saga_id = run.id
      ) as steps
    from saga_runs run where id = ${id}`;
  return run && { ...run, steps: run.steps.map(withIsoTimes) };
}

const TIMES = ['queued_at', 'started_at', 'completed_at', 'compensated_at', 'wakes_at'] as const;

/** Times inside of JSON come in Postgres's own form of ISO 8601. */
function withIsoTimes(step: SagaStepRow): SagaStepRow {
  const times = TIMES.map((name) => [name, step[name] === null ? null : new Date(step[name]).toISOString()]);
  return { ...step, ...Object.fromEntries(times) };
}
