import type { ApprovalRow } from '../../contracts/step-protocol.ts';
import type { Sql } from '../connection.ts';

/** More than a run can ask for: its history has at most 51,200 events, and each approval takes several. */
const APPROVALS_MAX = 50_000;

/** All that the steps of a run asked people for, by step and call; what an earlier run of the id asked is among them. */
export async function listApprovalsOfRun(sql: Sql, sagaId: string): Promise<ApprovalRow[]> {
  const rows = await sql<ApprovalRow[]>`
    select saga_id, step_idx, n, step_name, approval_type, data, approvers, requester, on_timeout, requested_at, expires_at, status,
      decided_by, decided_at, comment, decision_id, version
    from approvals where saga_id = ${sagaId} order by step_idx, n limit ${APPROVALS_MAX}::int`;
  return [...rows];
}
