import { decide, listApprovals } from '../../client/approvals.ts';
import type { Json } from '../../contracts/ledger.ts';
import type { ApprovalRow, Decision } from '../../contracts/step-protocol.ts';
import type { CliContext, GlobalFlags } from '../context.ts';
import { outputOf } from '../output.ts';
import { plainLine } from '../text/plain.ts';
import { table, type Row } from '../text/table.ts';
import { ago, duration } from '../text/time-text.ts';
import { useCerebros } from '../use-cerebros.ts';
import { requireUser } from '../user.ts';

export interface ApprovalsFlags extends GlobalFlags {
  readonly as?: string;
  readonly all?: boolean;
  readonly limit?: number;
}

export interface DecideFlags extends GlobalFlags {
  readonly as?: string;
  readonly comment?: string;
}

/** `approvals [ID]` */
export async function approvals(this: CliContext, flags: ApprovalsFlags, id?: string): Promise<void> {
  const output = outputOf(this, flags);
  const filter = { saga_id: id, all: flags.all, may_decide: flags.as, limit: flags.limit };
  const rows = await useCerebros(this, flags, (cerebros) => listApprovals(cerebros, filter));
  output.data(rows, () => approvalsText(rows));
  const [first] = rows.filter((row) => row.status === 'waiting');
  if (first) output.note(`next: cerebros approve ${first.saga_id} ${first.step_name}, or reject`);
}

/** `approve ID STEP` */
export function approve(this: CliContext, flags: DecideFlags, id: string, step: string): Promise<void> {
  return decideAs(this, flags, { id, step, decision: 'approved' });
}

/** `reject ID STEP` */
export function reject(this: CliContext, flags: DecideFlags, id: string, step: string): Promise<void> {
  return decideAs(this, flags, { id, step, decision: 'rejected' });
}

interface Decided {
  readonly id: string;
  readonly step: string;
  readonly decision: Decision['decision'];
}

async function decideAs(context: CliContext, flags: DecideFlags, { id, step, decision }: Decided): Promise<void> {
  const output = outputOf(context, flags);
  const by = flags.as ?? requireUser(context);
  const result = await useCerebros(context, flags, (cerebros) => decide(cerebros, id, step, { decision, by, comment: flags.comment }));
  output.data(result, () => table([[id, step, `${result.decision} by ${result.by ?? 'nobody'}`, result.comment ?? '']]));
  output.note(`next: cerebros watch ${id}`);
}

function approvalsText(rows: readonly ApprovalRow[]): string {
  if (rows.length === 0) return 'nothing waits for a decision';
  const [head, ...lines] = table([['RUN', 'STEP', 'TYPE', 'ASKED', 'STATUS'], ...rows.map(approvalRow)]).split('\n');
  return [head, ...lines.flatMap((line, idx) => [line, ...dataLine(rows[idx]?.data ?? null)])].join('\n');
}

function approvalRow({ saga_id, step_name, approval_type, requested_at, ...row }: ApprovalRow): Row {
  return [saga_id, step_name, approval_type, ago(requested_at), statusText(row)];
}

/** What the decision is about has a line of its own: it is what a person reads before deciding. */
function dataLine(data: Json): string[] {
  return data === null ? [] : [`  ${plainLine(JSON.stringify(data), 78)}`];
}

function statusText({ status, expires_at, decided_by }: Pick<ApprovalRow, 'status' | 'expires_at' | 'decided_by'>): string {
  if (status === 'waiting') return `${duration(Date.parse(expires_at) - Date.now())} left`;
  return decided_by === null ? status : `${status} by ${decided_by}`;
}
