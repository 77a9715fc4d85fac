import { ERROR_CODES } from '../../contracts/errors.ts';
import { parseCallId, type CallId } from '../../contracts/ids.ts';
import type { StepError } from '../../contracts/ledger.ts';
import { stepIndex } from '../../contracts/plan.ts';
import { SUSPENSIONS_MAX } from '../../contracts/step-protocol.ts';
import { beginApproval, cancelApproval, isDecided, noteQuestion, setApproval, timeOutApproval } from './approvals.ts';
import { isObject } from './decode.ts';
import { howItRan, type Request } from './external.ts';
import type { FoldedRun, FoldedStep, FoldedSuspension, SuspensionPhase } from './folded.ts';
import { setStep, type FoldState } from './state.ts';

/** What the engine fails a step with that is suspended when the run halts. */
export const HALTED: StepError = { code: ERROR_CODES.SAGA_HALTED, message: 'halted while it was suspended' };
const TIMED_OUT: StepError = { code: ERROR_CODES.APPROVAL_TIMEOUT, message: 'nobody decided in time' };
const TOO_MANY: StepError = { code: ERROR_CODES.MALFORMED_RESULT, message: `expected at most ${SUSPENSIONS_MAX} suspensions` };

/** Phases in which no call is under way and no timer runs. */
const BETWEEN: readonly (SuspensionPhase | undefined)[] = ['asked', 'fired', 'over'];

/** Is the step neither called nor suspended, though it shows as running? If the run ends now, so does the step. */
export function isBetween(step: FoldedStep): boolean {
  return step.status === 'running' && BETWEEN.includes(step.suspension?.phase);
}

/** A call answered that the step is to be suspended; the error when it is not. */
export function ask(state: FoldState, call: CallId, request: Request): StepError | undefined {
  const step = state.steps[call.step_idx];
  const count = (step?.suspension?.count ?? 0) + 1;
  if (count > SUSPENSIONS_MAX) return TOO_MANY;
  if (state.halting) return HALTED;
  setStep(state, call.step_idx, { suspension: { phase: 'asked', n: call.n, request, count, event: state.run.events } });
  if (step && request.status === 'APPROVAL') noteQuestion(state, step, { n: call.n, request });
  return undefined;
}

/** The suspension begins with its timer, which names the call that asked. */
export function suspend(state: FoldState, summary: string): void {
  const call = parseCallId(summary);
  const step = call && state.steps[call.step_idx];
  const suspension = step?.suspension;
  if (!step || suspension?.phase !== 'asked' || suspension.n !== call.n) return;
  const { request } = suspension;
  const ms = request.status === 'SLEEP' ? request.duration_ms : request.timeout_ms;
  enter(state, step, 'open', {
    ...howItRan(request),
    status: request.status === 'SLEEP' ? 'sleeping' : 'waiting',
    wakes_at: new Date(Date.parse(state.taskAt) + ms).toISOString(),
  });
  if (request.status === 'APPROVAL') beginApproval(state, step, { n: suspension.n, request });
}

/** Its time has come. Until the workflow task that is told so has said what it heard before, a decision or a halt still counts. */
export function timeIsUp(state: FoldState, timer: number, at: string): void {
  const step = stepOfTimer(state, timer);
  if (!step?.suspension) return;
  const { request, n } = step.suspension;
  const fails = request.status === 'APPROVAL' && request.on_timeout === 'fail';
  enter(state, step, 'fired', fails ? { status: 'failed', error: TIMED_OUT, completed_at: at } : { status: 'running' });
  if (request.status === 'APPROVAL') timeOutApproval(state, step.step_idx, n, at);
}

/** Somebody ended it, which its update has told already, or the run did. */
export function timerCanceled(state: FoldState, timer: number, at: string): void {
  const step = stepOfTimer(state, timer);
  if (step) giveUp(state, step, at);
}

/** Update `wake {step}`. */
export function wake(state: FoldState, asked: unknown): void {
  const step = stepNamed(state, asked);
  if (step?.suspension?.phase === 'open' && step.suspension.request.status === 'SLEEP') enter(state, step, 'over', { status: 'running' });
}

/** Update `decide {step, decision, by, comment, decision_id}`. */
export function decide(state: FoldState, asked: unknown): void {
  const step = stepNamed(state, asked);
  const { phase, request, n } = step?.suspension ?? {};
  if (!step || n === undefined || request?.status !== 'APPROVAL' || (phase !== 'open' && phase !== 'fired') || !isObject(asked)) return;
  const { decision, by, comment = null, decision_id } = asked;
  if ((decision !== 'approved' && decision !== 'rejected') || typeof by !== 'string' || typeof decision_id !== 'string') return;
  if (isDecided(state, step.step_idx, decision_id)) return;
  const said = typeof comment === 'string' ? comment : null;
  setApproval(state, step.step_idx, n, { status: decision, decided_by: by, decided_at: state.taskAt, comment: said, decision_id });
  enter(state, step, 'over', { status: 'running', error: null, completed_at: null });
}

/** The run stops at its next step boundary: what is suspended is at one. */
export function halt(state: FoldState, at: string): void {
  state.halting = true;
  for (const step of state.steps) {
    const { phase, n = 0 } = step.suspension ?? {};
    if (phase !== 'open' && phase !== 'fired' && !isBetween(step)) continue;
    giveUp(state, step, at);
    // Heard before the timer, in the same workflow task.
    if (phase === 'fired') cancelApproval(state, step.step_idx, n);
  }
}

/** A workflow task starts: what the one before was told, and did not act on, it will not act on. */
export function settleSuspensions(state: FoldState, at: string): void {
  for (const step of state.steps) {
    const { suspension } = step;
    if (!suspension || suspension.event >= state.run.last_task) continue;
    if (suspension.phase === 'asked') giveUp(state, step, at);
    if (suspension.phase === 'fired') setStep(state, step.step_idx, { suspension: step.status === 'running' ? over(suspension) : null });
  }
}

/** The step goes on, with another call. Answers false when the call is the first of a new try. */
export function goOn(state: FoldState, call: CallId, activity_id: string): boolean {
  const step = state.steps[call.step_idx];
  const goesOn = step?.suspension && isBetween(step) && step.suspension.phase !== 'asked';
  if (goesOn) enter(state, step, 'called', { activity_id });
  return Boolean(goesOn);
}

/** The run ends, and with it a step that is suspended or about to go on. */
export function giveUpIfSuspended(state: FoldState, step: FoldedStep | undefined, at: string): void {
  if (step && (step.suspension?.phase === 'open' || isBetween(step))) giveUp(state, step, at);
}

function giveUp(state: FoldState, step: FoldedStep, at: string): void {
  const { phase, request, n = 0 } = step.suspension ?? {};
  const end = isHalting(state) ? ({ status: 'failed', error: HALTED } as const) : ({ status: 'cancelled', error: null } as const);
  setStep(state, step.step_idx, { ...end, completed_at: at, wakes_at: null, suspension: null });
  if (request?.status === 'APPROVAL' && phase === 'open') cancelApproval(state, step.step_idx, n);
}

/** With `on_failure: halt`, the failure of another step halts the run. */
function isHalting({ halting, run, steps }: FoldState): boolean {
  return halting || mayHalt({ ...run, steps });
}

/** May the failure of a step have halted the run? */
export function mayHalt({ start, cancel_requested, steps }: Pick<FoldedRun, 'start' | 'cancel_requested' | 'steps'>): boolean {
  return start.on_failure === 'halt' && !cancel_requested && steps.some((step) => step.status === 'failed');
}

function enter(state: FoldState, { step_idx, suspension }: FoldedStep, phase: SuspensionPhase, patch: Partial<FoldedStep>): void {
  if (suspension) setStep(state, step_idx, { wakes_at: null, ...patch, suspension: { ...suspension, phase, event: state.run.events } });
}

function over(suspension: FoldedSuspension): FoldedSuspension {
  return { ...suspension, phase: 'over' };
}

function stepOfTimer(state: FoldState, timer: number): FoldedStep | undefined {
  return state.steps.find(({ suspension }) => suspension?.phase === 'open' && suspension.event === timer);
}

function stepNamed(state: FoldState, asked: unknown): FoldedStep | undefined {
  if (!isObject(asked) || typeof asked['step'] !== 'string') return undefined;
  const idx = stepIndex({ kind: state.run.kind, steps: state.run.plan }, asked['step']);
  return idx === undefined ? undefined : state.steps[idx];
}
