import type { ApprovalRow } from '../../contracts/step-protocol.ts';
import type { Sql } from '../connection.ts';
import { clampLimit } from './list-runs.ts';

/** Which approvals are listed: those that fit every filter given. */
export interface ApprovalFilter {
  /** Only those of this run. */
  readonly saga_id?: string | undefined;
  /** Those that are decided too. Default false: only what waits. */
  readonly all?: boolean | undefined;
  /** Only those that this person may decide: named among the approvers or none is named, and not the requester. */
  readonly may_decide?: string | undefined;
  /** 1–1,000, default 100. */
  readonly limit?: number | undefined;
}

/** What steps ask people for, the longest asked first. */
export async function approvalRows(sql: Sql, filter: ApprovalFilter = {}): Promise<ApprovalRow[]> {
  const { saga_id = null, all = false, may_decide = null, limit = 100 } = filter;
  const rows = await sql<ApprovalRow[]>`
    select saga_id, step_idx, n, step_name, approval_type, data, approvers, requester, on_timeout, requested_at, expires_at, status,
      decided_by, decided_at, comment, decision_id, version
    from approvals
    where (${all}::boolean or status = 'waiting')
      and (${saga_id}::text is null or saga_id = ${saga_id}::text)
      and (${may_decide}::text is null or (
        requester is distinct from ${may_decide}::text and (approvers is null or approvers @> to_jsonb(${may_decide}::text))
      ))
    order by requested_at, saga_id, step_idx, n
    limit ${clampLimit(limit)}::int`;
  return [...rows];
}
