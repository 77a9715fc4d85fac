import { randomUUID } from 'node:crypto';
import { decideUpdate } from '../contracts/messages.ts';
import type { ApprovalRow, Decision } from '../contracts/step-protocol.ts';
import { UserError } from '../contracts/user-error.ts';
import { approvalRows, type ApprovalFilter } from '../ledger/queries/approval-rows.ts';
import { checkPerson } from './approvals/person.ts';
import { callLedger, type Cerebros } from './connect.ts';
import { invalidInput, refused } from './errors.ts';
import { checkRunId } from './run-id.ts';
import { showRun } from './show.ts';
import { updateRun } from './update-run.ts';

export interface DecideRequest {
  readonly decision: Decision['decision'];
  /** Who decides, as asserted: 1 to 200 characters. */
  readonly by: string;
  /** Why; at most 2,000 characters. */
  readonly comment?: string | null | undefined;
  /** The same decision may come any number of times under one id. Default: a new one. */
  readonly decision_id?: string | undefined;
}

/** The decision that counts, and for what. */
export interface DecideResult extends Decision {
  readonly execution_id: string;
  readonly step: string;
}

const COMMENT_MAX = 2000;
const DECISION_ID = /^[A-Za-z0-9._:-]{1,200}$/;

/**
 * What steps ask people for, the longest asked first; without a filter what waits in all runs. Throws RUN_NOT_FOUND (exit 4) for a
 * `saga_id` that is none, LEDGER_UNREACHABLE (3).
 */
export async function listApprovals(cerebros: Cerebros, filter: ApprovalFilter = {}): Promise<ApprovalRow[]> {
  if (filter.saga_id !== undefined) checkRunId(filter.saga_id);
  const rows = await callLedger(cerebros, (sql) => approvalRows(sql, filter));
  if (rows.length === 0 && filter.saga_id !== undefined) await showRun(cerebros, filter.saga_id);
  return rows;
}

/**
 * Decides what a step asks for, and returns the decision that counts: of a `decision_id` that came before, the one made then. `step` is
 * a name or an index. Throws UserErrors: INVALID_INPUT (exit 2), RUN_NOT_FOUND (4), REFUSED (5) with the reason: the step does not
 * wait, was decided (the decision is named), or `by` may not decide; NO_WORKER (5) after about 10 s.
 */
export async function decide(cerebros: Cerebros, id: string, step: string, request: DecideRequest): Promise<DecideResult> {
  const { decision, comment = null, decision_id = randomUUID() } = request;
  const by = checkPerson('by', request.by);
  if (comment !== null && comment.length > COMMENT_MAX)
    throw invalidInput(`comment: expected at most ${COMMENT_MAX} characters, got ${comment.length}`, 'give a shorter --comment');
  if (!DECISION_ID.test(decision_id))
    throw invalidInput(
      `decision_id: expected letters, digits, ".", "_", ":" or "-", 1 to 200 of them, got ${JSON.stringify(decision_id.slice(0, 60))}`,
      'leave it out, and one is made',
    );
  const counts = await updateRun(cerebros, id, decideUpdate, { step, decision, by, comment, decision_id }).catch((error: unknown) =>
    lateDecision(cerebros, error, { id, step, decision_id }),
  );
  return { execution_id: id, step, ...counts };
}

interface Late {
  readonly id: string;
  readonly step: string;
  readonly decision_id: string;
}

/** A run that has closed is not asked any more; the ledger knows what was decided. Throws the error again, with that in it. */
async function lateDecision(cerebros: Cerebros, error: unknown, { id, step, decision_id }: Late): Promise<Decision> {
  if (!isClosed(error)) throw error;
  const rows = await callLedger(cerebros, (sql) => approvalRows(sql, { saga_id: id, all: true, limit: 1000 })).catch(() => []);
  const asked = rows.filter((row) => row.step_name === step || String(row.step_idx) === step);
  const same = asked.map(decisionOf).find((made) => made?.decision_id === decision_id);
  if (same) return same;
  const last = asked.at(-1);
  throw last ? refused(`${error.message}; step ${last.step_name} was ${endOf(last)}`, error.hint) : error;
}

/** What the run itself refuses has a cause. */
function isClosed(error: unknown): error is UserError {
  return error instanceof UserError && error.code === 'REFUSED' && error.cause === undefined;
}

/** The decision that a row holds, when somebody made one. */
function decisionOf({ status, decided_by, decided_at, comment, decision_id }: ApprovalRow): Decision | undefined {
  if ((status !== 'approved' && status !== 'rejected') || decided_at === null || decision_id === null) return undefined;
  return { decision: status, by: decided_by, comment, decided_at, decision_id, timed_out: false };
}

const AT_TIMEOUT = { approve: 'approved', reject: 'rejected', fail: 'given up' } as const;

/** In the words of the run itself, while that is open. */
function endOf({ status, on_timeout, decided_by, decided_at }: ApprovalRow): string {
  const at = decided_at === null ? '' : ` at ${decided_at}`;
  if (status === 'timed_out') return `${AT_TIMEOUT[on_timeout]}${at}, because nobody decided in time`;
  return `${status}${decided_by === null ? '' : ` by ${decided_by}`}${at}`;
}
