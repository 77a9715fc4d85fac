import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ApprovalRow } from '../../src/contracts/step-protocol.ts';
import { closeLedger, openLedger, type Sql } from '../../src/ledger/connection.ts';
import { approvalRows, type ApprovalFilter } from '../../src/ledger/queries/approval-rows.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { approval, storeApprovals } from './approval-rows.ts';

const DECIDED: ApprovalRow = approval('a', 0, {
  n: 2,
  status: 'approved',
  approvers: ['ada', 'grace'],
  on_timeout: 'fail',
  decided_by: 'ada',
  decided_at: '2027-01-31T13:00:00.000Z',
  comment: 'looks good',
  decision_id: 'd-1',
  data: null,
  version: 7,
});

/** Those that wait: by anybody, by some, by all but the requester. */
const ANYBODY = approval('b', 3);
const SOME = approval('a', 1, { step_idx: 4, approvers: ['grace'] });
const NOT_ADA = approval('a', 2, { requester: 'ada' });

let database: TestDatabase;
let sql: Sql;
beforeAll(async () => {
  database = await createTestDatabase();
  sql = openLedger(database.url);
  await storeApprovals(sql, [ANYBODY, SOME, NOT_ADA, DECIDED]);
});
afterAll(async () => {
  await closeLedger(sql);
  await database.drop();
});

describe('approvalRows', () => {
  test.each<[string, ApprovalFilter, ApprovalRow[]]>([
    ['what waits in all runs, the longest asked first', {}, [SOME, NOT_ADA, ANYBODY]],
    ['what waits in one run', { saga_id: 'b' }, [ANYBODY]],
    ['nothing of a run that asks for nothing', { saga_id: 'c' }, []],
    ['what was decided too', { saga_id: 'a', all: true }, [DECIDED, SOME, NOT_ADA]],
    ['what a person may decide: not what the person requested', { may_decide: 'ada' }, [ANYBODY]],
    ['what a person may decide: also where the person is named', { may_decide: 'grace' }, [SOME, NOT_ADA, ANYBODY]],
    ['what a person may decide: not where others are named', { may_decide: 'gracey' }, [NOT_ADA, ANYBODY]],
    ['no more than asked for', { all: true, limit: 1 }, [DECIDED]],
  ])('lists %s', async (_, filter, rows) => {
    expect(await approvalRows(sql, filter)).toEqual(rows);
  });
});

describe('the table approvals', () => {
  test('has one row for each time a step asked', async () => {
    await expect(storeApprovals(sql, [approval('b', 9)])).rejects.toThrow('approvals_pkey');
  });

  test.each<[string, Partial<ApprovalRow>, string]>([
    ['a status that is none', { status: 'maybe' as 'waiting' }, 'approvals_status_check'],
    ['a policy that is none', { on_timeout: 'ignore' as 'fail' }, 'approvals_on_timeout_check'],
    ['approvers that are no list', { approvers: 'ada' as unknown as string[] }, 'approvals_approvers_check'],
    ['the time before the first', { n: 0 }, 'approvals_n_check'],
  ])('refuses %s', async (_, given, constraint) => {
    await expect(storeApprovals(sql, [approval('d', 0, { n: 5, ...given })])).rejects.toThrow(constraint);
  });
});
