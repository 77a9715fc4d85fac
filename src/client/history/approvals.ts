import type { ExternalApproval } from '../../contracts/step-protocol.ts';
import type { FoldedApproval, FoldedStep } from './folded.ts';
import { setRun, type FoldState } from './state.ts';

/** What a step asks for, in its call `n`. */
export interface Question {
  readonly n: number;
  readonly request: ExternalApproval;
}

/** A step asked for a decision, and the wait has not begun. */
export function noteQuestion(state: FoldState, step: FoldedStep, question: Question): void {
  addApproval(state, step, question, false);
}

/** The wait for it begins. */
export function beginApproval(state: FoldState, step: FoldedStep, question: Question): void {
  addApproval(state, step, question, true);
}

function addApproval(state: FoldState, step: FoldedStep, { n, request }: Question, certain: boolean): void {
  const requester = state.run.start.metadata?.['requested_by'];
  const approval: FoldedApproval = {
    step_idx: step.step_idx,
    n,
    step_name: step.step_name,
    approval_type: request.approval_type,
    data: request.data,
    approvers: request.approvers ?? null,
    requester: typeof requester === 'string' ? requester : null,
    on_timeout: request.on_timeout ?? 'reject',
    requested_at: state.taskAt,
    expires_at: new Date(Date.parse(state.taskAt) + request.timeout_ms).toISOString(),
    status: certain ? 'waiting' : 'cancelled',
    ...UNDECIDED,
    certain,
  };
  setRun(state, { approvals: [...state.run.approvals.filter((each) => !isOf(each, step.step_idx, n)), approval] });
}

/** What became of it. */
export function setApproval(state: FoldState, idx: number, n: number, patch: Partial<FoldedApproval>): void {
  setRun(state, { approvals: state.run.approvals.map((each) => (isOf(each, idx, n) ? { ...each, ...patch } : each)) });
}

/** What a cancelled one says: also when its timer fired, but the run halted first. */
export function cancelApproval(state: FoldState, idx: number, n: number): void {
  setApproval(state, idx, n, { status: 'cancelled', ...UNDECIDED });
}

/** Nobody decided in time. The engine makes up the id. */
export function timeOutApproval(state: FoldState, idx: number, n: number, at: string): void {
  const decision_id = `${state.run.root_run_id}/${idx}/${n}/timeout`;
  setApproval(state, idx, n, { status: 'timed_out', ...UNDECIDED, decided_at: at, decision_id });
}

/** A decision that comes again under its id changes nothing. */
export function isDecided(state: FoldState, idx: number, decision_id: string): boolean {
  return state.run.approvals.some((each) => each.step_idx === idx && each.decision_id === decision_id);
}

const UNDECIDED = { decided_by: null, decided_at: null, comment: null, decision_id: null };

function isOf(approval: FoldedApproval, idx: number, n: number): boolean {
  return approval.step_idx === idx && approval.n === n;
}
