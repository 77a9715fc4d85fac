import type { LedgerBatch } from '../../contracts/ledger.ts';
import { ADVISORY_LOCKS } from '../advisory-locks.ts';
import type { Sql, Transaction } from '../connection.ts';
import { jsonbText } from '../jsonb-safe.ts';
import { cancelOnAbort } from '../until-aborted.ts';

type Fragment = ReturnType<Sql>;

/**
 * Writes a batch in one statement, so all of it or nothing. A row is never overwritten by an older version (an equal one is the
 * same flush of a workflow task that was run again after a crash); an event that is there
 * already is left alone, so the same batch may come any number of times, in any order. An abort asks Postgres to stop.
 */
export async function flushBatch(sql: Sql | Transaction, batch: LedgerBatch, signal?: AbortSignal): Promise<void> {
  const query = sql`
    with input as materialized (select ${jsonbText(batch)}::text::jsonb as batch),
    patch as materialized (
      select batch ->> 'saga_id' as id, (batch -> 'version')::bigint as version, batch -> 'run' as run from input
    ),
    run_row as (${upsertRun(sql)}),
    step_rows as (${upsertSteps(sql)}),
    approval_rows as (${upsertApprovals(sql)}),
    turn as materialized (
      select pg_advisory_xact_lock(${ADVISORY_LOCKS.events}) from input where batch -> 'events' <> '[]'
    )
    insert into events (id, type, source, subject, time, data)
    select event ->> 'id', event ->> 'type', event ->> 'source', event ->> 'subject', (event ->> 'time')::timestamptz, event -> 'data'
    from turn, input, jsonb_array_elements(batch -> 'events') with ordinality as item (event, position)
    order by position
    on conflict (id) do nothing`;
  await cancelOnAbort(query, signal);
}

/** The patch laid over the defaults, or over the row that is there: a field it does not have keeps its value, a null sets null. */
function upsertRun(sql: Sql | Transaction): Fragment {
  return sql`
    insert into saga_runs as stored
    select made.* from patch, jsonb_populate_record(null::saga_runs, jsonb_build_object(
      'kind', 'unknown', 'status', 'pending', 'plan', '[]'::jsonb, 'context', '{}'::jsonb, 'metadata', '{}'::jsonb,
      'cancel_requested', false, 'recovery_attempts', 0, 'max_recovery_attempts', 3, 'created_at', now()
    ) || run || jsonb_build_object('id', id, 'version', version)) made
    on conflict (id) do update set (
      run_id, root_run_id, kind, job_id, status, plan, current_step_idx, inputs, context, result, metadata, cancel_requested, error,
      recovery_attempts, max_recovery_attempts, parent_id, version, created_at, started_at, completed_at
    ) = (
      select p.run_id, p.root_run_id, p.kind, p.job_id, p.status, p.plan, p.current_step_idx, p.inputs,
        stored.context || coalesce(run -> 'context', '{}'), p.result, p.metadata, p.cancel_requested, p.error,
        p.recovery_attempts, p.max_recovery_attempts, p.parent_id, excluded.version, p.created_at, p.started_at, p.completed_at
      from patch, jsonb_populate_record(stored, run) p
    )
    where excluded.version >= stored.version`;
}

/** Of two rows of the same step in one batch the later counts. */
function upsertSteps(sql: Sql | Transaction): Fragment {
  return sql`
    insert into saga_step_results as stored
    select distinct on (step.step_idx) step.*
    from input, patch, jsonb_array_elements(batch -> 'steps') with ordinality as item (fields, position),
      jsonb_populate_record(null::saga_step_results, fields || jsonb_build_object('saga_id', id, 'version', version)) step
    order by step.step_idx, position desc
    on conflict (saga_id, step_idx) do update set (
      step_name, task_type, needs, status, output, error, attempts, worker_id, activity_id, estimated_duration_s,
      queued_at, started_at, completed_at, compensated_at, wakes_at, version
    ) = (
      excluded.step_name, excluded.task_type, excluded.needs, excluded.status, excluded.output, excluded.error, excluded.attempts,
      excluded.worker_id, excluded.activity_id, excluded.estimated_duration_s, excluded.queued_at, excluded.started_at,
      excluded.completed_at, excluded.compensated_at, excluded.wakes_at, excluded.version
    )
    where excluded.version >= stored.version`;
}

/** A batch without approvals has none to write. */
function upsertApprovals(sql: Sql | Transaction): Fragment {
  return sql`
    insert into approvals as stored
    select asked.* from input, patch, jsonb_array_elements(coalesce(batch -> 'approvals', '[]')) as fields,
      jsonb_populate_record(null::approvals, fields || jsonb_build_object('saga_id', id, 'version', version)) asked
    on conflict (saga_id, step_idx, n) do update set (status, decided_by, decided_at, comment, decision_id, version)
      = (excluded.status, excluded.decided_by, excluded.decided_at, excluded.comment, excluded.decision_id, excluded.version)
    where excluded.version >= stored.version`;
}
