import type { SagaRun } from '../../contracts/ledger.ts';
import type { ApprovalRow } from '../../contracts/step-protocol.ts';
import { formatVersion, parseVersion } from '../../contracts/version.ts';
import type { Sql } from '../connection.ts';
import { jsonbText } from '../jsonb-safe.ts';

/**
 * Puts rebuilt rows in the place of whatever a run stored, of any version. Rows of an earlier run of the id stay, unless one of these is
 * of the same step and call. All of it or nothing; the row of the run must be there.
 */
export async function replaceApprovals(
  sql: Sql,
  { id, version }: Pick<SagaRun, 'id' | 'version'>,
  approvals: readonly ApprovalRow[],
): Promise<void> {
  const since = formatVersion({ run_no: parseVersion(version).run_no, history_length: 0, n: 0 });
  await sql`
    with input as materialized (
      select item from jsonb_array_elements(${jsonbText(approvals)}::text::jsonb) item
    ),
    surplus as (
      delete from approvals where saga_id = ${id} and version >= ${since}::bigint
        and not exists (select from input where (item ->> 'step_idx')::int = step_idx and (item ->> 'n')::int = n)
    )
    insert into approvals
    select made.* from input, jsonb_populate_record(null::approvals, item) made
    on conflict (saga_id, step_idx, n) do update set (step_name, approval_type, data, approvers, requester, on_timeout, requested_at,
      expires_at, status, decided_by, decided_at, comment, decision_id, version
    ) = (excluded.step_name, excluded.approval_type, excluded.data, excluded.approvers, excluded.requester, excluded.on_timeout,
      excluded.requested_at, excluded.expires_at, excluded.status, excluded.decided_by, excluded.decided_at, excluded.comment,
      excluded.decision_id, excluded.version)`;
}
