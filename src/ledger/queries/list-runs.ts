import type { RunStatus, SagaRunRow } from '../../contracts/ledger.ts';
import { CLOSED_STATUSES } from '../../contracts/ledger.ts';
import type { Sql } from '../connection.ts';

/** Which runs `listRuns` returns: those that fit every filter given. */
export interface RunFilter {
  readonly kind?: string;
  readonly status?: RunStatus;
  readonly job_id?: string;
  /** Something may still move, a pending run included. */
  readonly active?: boolean;
  /** Ended, or halted, by a failure: `failed`, `halted`, and `rolled_back` for another reason than a cancel. */
  readonly failed?: boolean;
  /** Halted, with recovery attempts left. */
  readonly recoverable?: boolean;
  /** 1–1,000, default 100. */
  readonly limit?: number;
}

/** Most rows that one page of a list holds. */
export const LIST_LIMIT_MAX = 1000;

/** Runs, newest first, without their steps. */
export async function listRuns(sql: Sql, filter: RunFilter = {}): Promise<SagaRunRow[]> {
  const { kind = null, status = null, job_id = null, active = false, failed = false, recoverable = false, limit = 100 } = filter;
  const rows = await sql<SagaRunRow[]>`
    select id, run_id, root_run_id, kind, job_id, status, plan, current_step_idx, inputs, context, result, metadata,
      cancel_requested, error, recovery_attempts, max_recovery_attempts, parent_id, version, created_at, started_at, completed_at
    from saga_runs
    where (${kind}::text is null or kind = ${kind}::text)
      and (${status}::text is null or status = ${status}::text)
      and (${job_id}::text is null or job_id = ${job_id}::text)
      and (not ${active}::boolean or status <> all (string_to_array(${CLOSED_STATUSES.join(',')}::text, ',')))
      and (not ${failed}::boolean or status in ('failed', 'halted')
        or (status = 'rolled_back' and error ->> 'reason' is distinct from 'cancelled'))
      and (not ${recoverable}::boolean or (status = 'halted' and recovery_attempts < max_recovery_attempts))
    order by created_at desc, id desc
    limit ${clampLimit(limit)}::int`;
  return [...rows];
}

/** A page size within 1–`LIST_LIMIT_MAX`. */
export function clampLimit(limit: number): number {
  return Math.max(1, Math.min(Math.trunc(limit) || 1, LIST_LIMIT_MAX));
}
