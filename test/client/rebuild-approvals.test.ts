import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApprovalRow } from '../../src/contracts/step-protocol.ts';
import { formatVersion } from '../../src/contracts/version.ts';
import { closeLedger, openLedger, type Sql } from '../../src/ledger/connection.ts';
import { flushBatch } from '../../src/ledger/queries/flush-batch.ts';
import { listApprovalsOfRun } from '../../src/ledger/queries/list-approvals-of-run.ts';
import { replaceApprovals } from '../../src/ledger/queries/replace-approvals.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';

let database: TestDatabase;
let sql: Sql;
beforeAll(async () => {
  database = await createTestDatabase();
  sql = openLedger(database.url);
  for (const id of ['r', 'other'])
    await flushBatch(sql, { saga_id: id, version: 1, run: { kind: 'blueprint', status: 'running' }, steps: [], events: [] });
});
afterAll(async () => {
  await closeLedger(sql);
  await database.drop();
});

const version = (run_no: number, history_length = 7): number => formatVersion({ run_no, history_length, n: 9999 });

function asked(step_idx: number, n: number, more: Partial<ApprovalRow> = {}): ApprovalRow {
  return {
    saga_id: 'r',
    step_idx,
    n,
    step_name: `s${step_idx}`,
    approval_type: 'publish',
    data: { rows: 3 },
    approvers: null,
    requester: null,
    on_timeout: 'reject',
    requested_at: '2027-01-31T12:00:00.000Z',
    expires_at: '2027-02-28T12:00:00.000Z',
    status: 'waiting',
    decided_by: null,
    decided_at: null,
    comment: null,
    decision_id: null,
    version: version(2),
    ...more,
  };
}

const DECIDED = {
  status: 'approved',
  approvers: ['ada'],
  requester: 'eve',
  decided_by: 'ada',
  decided_at: '2027-01-31T13:00:00.000Z',
  comment: 'fine',
  decision_id: 'd1',
  on_timeout: 'fail',
  data: null,
} as const;

const replace = (...rows: readonly ApprovalRow[]): Promise<void> => replaceApprovals(sql, { id: 'r', version: version(2) }, rows);

describe('rebuilt approvals', () => {
  it('are stored as they are, and listed by step and call', async () => {
    const rows = [asked(0, 1), asked(0, 2, DECIDED), asked(3, 1)];
    await replace(...rows.toReversed());
    expect(await listApprovalsOfRun(sql, 'r')).toEqual(rows);
    expect(await listApprovalsOfRun(sql, 'other')).toEqual([]);
  });

  it('take the place of rows of any version, and those that the history does not tell of go', async () => {
    await replace(asked(0, 1, { version: version(2, 900) }), asked(5, 1));
    const rebuilt = asked(0, 1, { ...DECIDED, step_name: 'x', approval_type: 'y', expires_at: '2028-01-01T00:00:00.000Z' });
    await replace(rebuilt);
    expect(await listApprovalsOfRun(sql, 'r')).toEqual([rebuilt]);
    await replace();
    expect(await listApprovalsOfRun(sql, 'r')).toEqual([]);
  });

  it('leave what an earlier run of the id asked, but for the same step and call', async () => {
    const earlier = [asked(0, 1, { version: version(1) }), asked(1, 1, { version: version(1) })];
    await replaceApprovals(sql, { id: 'r', version: version(1) }, earlier);
    await replace(asked(0, 1, DECIDED));
    expect(await listApprovalsOfRun(sql, 'r')).toEqual([asked(0, 1, DECIDED), earlier[1]]);
  });
});
