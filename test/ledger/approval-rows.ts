import type { ApprovalRow } from '../../src/contracts/step-protocol.ts';
import type { Sql } from '../../src/ledger/connection.ts';
import { flushBatch } from '../../src/ledger/queries/flush-batch.ts';
import { jsonbText } from '../../src/ledger/jsonb-safe.ts';
import { batch } from './batches.ts';

/** A row that waits, asked for at this minute past noon, with what is given. */
export function approval(saga_id: string, minute: number, given: Partial<ApprovalRow> = {}): ApprovalRow {
  return {
    saga_id,
    step_idx: 0,
    n: 1,
    step_name: 'load',
    approval_type: 'publish',
    data: { rows: 3 },
    approvers: null,
    requester: null,
    on_timeout: 'reject',
    requested_at: `2027-01-31T12:${String(minute).padStart(2, '0')}:00.000Z`,
    expires_at: '2027-02-28T12:00:00.000Z',
    status: 'waiting',
    decided_by: null,
    decided_at: null,
    comment: null,
    decision_id: null,
    version: 1,
    ...given,
  };
}

/** Writes rows as they are, each with a run for it. */
export async function storeApprovals(sql: Sql, rows: readonly ApprovalRow[]): Promise<void> {
  for (const saga_id of new Set(rows.map((row) => row.saga_id))) await flushBatch(sql, batch(saga_id, 1, { run: { kind: 'blueprint' } }));
  await sql`
    insert into approvals
    select made.* from jsonb_array_elements(${jsonbText(rows)}::text::jsonb) item, jsonb_populate_record(null::approvals, item) made`;
}
