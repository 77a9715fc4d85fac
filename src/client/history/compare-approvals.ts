import type { SagaRun } from '../../contracts/ledger.ts';
import type { ApprovalRow } from '../../contracts/step-protocol.ts';
import { parseVersion } from '../../contracts/version.ts';
import type { Difference } from './compare.ts';
import { asJson, closest, equal } from './equal.ts';
import type { FoldedApproval, FoldedRun } from './folded.ts';
import type { RowReader } from './row-reader.ts';

/** What is compared of an approval: everything but the times. */
const FIELDS = [
  'status',
  'step_name',
  'approval_type',
  'data',
  'approvers',
  'requester',
  'on_timeout',
  'decided_by',
  'comment',
  'decision_id',
] as const;

export type ApprovalField = (typeof FIELDS)[number];

/**
 * Compares rows of the table `approvals` with a run's history, each as of its version. The history of a run does not hold what an
 * earlier run of its id asked: those rows are passed over.
 */
export function compareApprovals(reader: RowReader, ledger: SagaRun, rows: readonly ApprovalRow[]): readonly Difference[] {
  const { run_no } = reader.folded;
  const own = rows.filter((row) => parseVersion(row.version).run_no >= run_no);
  const asked = [...own, ...reader.folded.approvals.filter((each) => !find(own, each))];
  return asked.flatMap((each) => {
    const row = find(own, each);
    const states = reader.states(row?.version ?? ledger.version);
    return states ? closest(states.map(({ run }) => approvalDifferences(ledger.id, each, { row, run }))) : [];
  });
}

interface Compared {
  readonly row: ApprovalRow | undefined;
  readonly run: FoldedRun;
}

function approvalDifferences(id: string, at: Key, { row, run }: Compared): Difference[] {
  const told = find(run.approvals, at);
  const where = { table: 'approvals', id, step_idx: at.step_idx, n: at.n } as const;
  if (!row || !told)
    return row || told?.certain ? [{ ...where, field: 'row', ledger: row?.status ?? null, history: told?.status ?? null }] : [];
  return FIELDS.flatMap((field): Difference[] => {
    const [ours, theirs] = [asJson(row[field]), asJson(told[field])];
    return equal(ours, theirs) ? [] : [{ ...where, field, ledger: ours, history: theirs }];
  });
}

type Key = Pick<FoldedApproval, 'step_idx' | 'n'>;

function find<T extends Key>(approvals: readonly T[], { step_idx, n }: Key): T | undefined {
  return approvals.find((each) => each.step_idx === step_idx && each.n === n);
}
