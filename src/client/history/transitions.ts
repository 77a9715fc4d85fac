import { ERROR_CODES } from '../../contracts/errors.ts';
import { externalSteps } from '../../contracts/external-steps.ts';
import { formatCallId, type CallId } from '../../contracts/ids.ts';
import type { StepError, StepStatus } from '../../contracts/ledger.ts';
import { checkPlan, PlanError, type PlanStep } from '../../contracts/plan.ts';
import type { StepReturn } from '../../contracts/step-call.ts';
import { isObject, isStepList, jsonOf, Malformed, type Decoded } from './decode.ts';
import { isExternal, readAnswer, type Request } from './external.ts';
import { stepError, type FailedCall } from './failures.ts';
import type { FoldedStep } from './folded.ts';
import { endRecovery, recoveryIsDone } from './recovery.ts';
import { appendSteps, NOT_STARTED, setRun, setStep, type FoldState } from './state.ts';
import { ask, giveUpIfSuspended, goOn } from './suspensions.ts';

/** How a call ended. `wrapped`: the result is a `StepReturn`, not the output itself. */
export type CallEnd = FailedCall | { readonly how: 'result'; readonly value: Decoded; readonly wrapped: boolean };

/** A call was made. */
export function beginCall(state: FoldState, call: CallId, at: string): void {
  ensureStep(state, call);
  leaveRecovery(state, call);
  if (call.phase === 'do') beginDo(state, call, at);
  if (call.phase === 'undo') beginUndo(state, call, at);
}

function beginDo(state: FoldState, call: CallId, at: string): void {
  setRun(state, {
    start_timer: state.run.start_timer === 'none' ? 'none' : 'fired',
    started_at: state.run.started_at ?? at,
    reset_rows: [],
  });
  const activity_id = formatCallId(call);
  if (goOn(state, call, activity_id)) return;
  setStep(state, call.step_idx, { ...NOT_STARTED, status: 'running', outcome: 'unknown', queued_at: at, activity_id });
}

function beginUndo(state: FoldState, call: CallId, at: string): void {
  giveUpIfSuspended(state, state.steps[call.step_idx], at);
  const before = state.steps[call.step_idx];
  const before_undo = before?.before_undo ?? before?.status ?? null;
  setStep(state, call.step_idx, { status: 'compensating', undo: 'running', before_undo });
  if (state.run.phase === 'forward') setRun(state, { phase: 'undoing' });
}

/** A call ended at `at`. */
export function endCall(state: FoldState, call: CallId, end: CallEnd, at: string): void {
  if (call.phase === 'value') return endValue(state, call, checkReturn(end), at);
  const checked = isExternal(state.run.plan, call.step_idx) ? checkAnswer(state, call, end) : checkReturn(end);
  if (call.phase === 'undo') return endUndo(state, call, checked, at);
  if (checked.how === 'suspended') return endAsking(state, call, checked.request, at);
  setStep(state, call.step_idx, { suspension: null });
  if (checked.how === 'cancelled') return setStep(state, call.step_idx, { status: 'cancelled', completed_at: at });
  if (checked.how === 'failed') return fail(state, call, checked, at);
  const added = addSteps(state, checked.returned?.steps ?? []);
  if (added) return fail(state, call, { error: added, message_open: true }, at);
  setStep(state, call.step_idx, {
    ...howItRan(checked.returned),
    status: 'completed',
    outcome: 'done',
    output: jsonOf(checked.value),
    error: null,
    completed_at: at,
  });
}

/** Not suspended after all: the run halts, or it was once too often. */
function endAsking(state: FoldState, call: CallId, request: Request, at: string): void {
  const error = ask(state, call, request);
  if (!error) return;
  setStep(state, call.step_idx, { suspension: null });
  fail(state, call, { error, message_open: error.code === ERROR_CODES.MALFORMED_RESULT }, at);
}

function fail(state: FoldState, call: CallId, failed: { readonly error: StepError; readonly message_open: boolean }, at: string): void {
  const { error, message_open } = failed;
  setStep(state, call.step_idx, { status: 'failed', error, message_open, completed_at: at });
}

function endValue(state: FoldState, call: CallId, end: Checked, at: string): void {
  ensureStep(state, call);
  if (end.how !== 'result') return;
  setStep(state, call.step_idx, {
    status: 'completed',
    outcome: 'done',
    output: jsonOf(end.value),
    error: null,
    message_open: false,
    completed_at: at,
  });
}

function endUndo(state: FoldState, call: CallId, end: Checked, at: string): void {
  const step = state.steps[call.step_idx];
  if (!step) return;
  if (end.how !== 'result') {
    const failure =
      end.how === 'cancelled' ? { error: stepError(undefined, 'the undo was cancelled'), message_open: true } : undoFailure(end);
    return setStep(state, call.step_idx, {
      error: failure.error,
      message_open: failure.message_open,
      status: 'compensation_failed',
      undo: 'failed',
    });
  }
  setStep(state, call.step_idx, { status: undoneStatus(step), undo: 'done', compensated_at: at, generation: step.generation + 1 });
  if (recoveryIsDone(state)) endRecovery(state);
}

/** An undo does not suspend. */
function undoFailure(end: Exclude<Checked, { how: 'cancelled' | 'result' }>): {
  readonly error: StepError;
  readonly message_open: boolean;
} {
  return end.how === 'failed' ? end : malformed(`expected status SUCCESS, got ${end.request.status}`);
}

/** A failed or cancelled step stays what it was; `compensated_at` tells that it was taken back. */
function undoneStatus(step: FoldedStep): StepStatus {
  const keeps = step.outcome !== 'done' && (step.before_undo === 'failed' || step.before_undo === 'cancelled');
  return keeps && step.before_undo ? step.before_undo : 'compensated';
}

/** A step's first call is its first sign of life when the plan is not known. */
function ensureStep(state: FoldState, call: CallId): void {
  if (state.run.planned || state.steps.length > call.step_idx) return;
  const missing: PlanStep[] = [];
  for (let idx = state.steps.length; idx < call.step_idx; idx += 1) missing.push({ name: `step-${idx}` });
  appendSteps(state, [...missing, { name: call.step_name }]);
}

/** A recovery undoes only its own rows: any other call says that it is over. */
function leaveRecovery(state: FoldState, call: CallId): void {
  const from = state.run.start.reentry?.from_step ?? 0;
  if (state.run.phase === 'recovering' && (call.phase === 'do' || call.step_idx < from)) endRecovery(state);
}

type Checked =
  | { readonly how: 'cancelled' }
  | { readonly how: 'failed'; readonly error: StepError; readonly message_open: boolean }
  | { readonly how: 'suspended'; readonly request: Request }
  | { readonly how: 'result'; readonly value: Decoded; readonly returned?: StepReturn };

const MALFORMED_RESULT = malformed('the result is not what a step returns');

/** In words of our own: the engine's may differ. */
function malformed(message: string): Extract<Checked, { how: 'failed' }> {
  return { how: 'failed', error: stepError(ERROR_CODES.MALFORMED_RESULT, message), message_open: true };
}

function checkReturn(end: CallEnd): Checked {
  if (end.how === 'cancelled') return end;
  if (end.how === 'failed') return { ...end, message_open: false };
  if (end.value instanceof Malformed) return MALFORMED_RESULT;
  if (!end.wrapped) return { how: 'result', value: end.value };
  if (!isStepReturn(end.value)) return MALFORMED_RESULT;
  return { how: 'result', value: end.value.output, returned: end.value };
}

/** The same of a step that an external worker runs. */
function checkAnswer({ run }: FoldState, { phase, step_idx }: CallId, end: CallEnd): Checked {
  if (end.how !== 'result' || !end.wrapped) return checkReturn(end);
  const answer = readAnswer(end.value, phase === 'undo' ? 'undo' : 'do');
  if ('refused' in answer) return { how: 'failed', error: answer.refused, message_open: true };
  const { output } = answer;
  if (output.status !== 'SUCCESS') return { how: 'suspended', request: output };
  const { result, worker_id, attempt, started_at, steps } = output;
  const returned = {
    output: result,
    worker_id,
    attempt,
    started_at,
    ...(steps ? { steps: externalSteps(steps, run.plan[step_idx]?.queue) } : {}),
  };
  return { how: 'result', value: result, returned };
}

function isStepReturn(value: unknown): value is StepReturn {
  return (
    isObject(value) &&
    typeof value['attempt'] === 'number' &&
    typeof value['worker_id'] === 'string' &&
    typeof value['started_at'] === 'string'
  );
}

function howItRan(returned: StepReturn | undefined): {
  readonly attempts: number;
  readonly worker_id?: string;
  readonly started_at?: string;
} {
  return returned ? { attempts: returned.attempt, worker_id: returned.worker_id, started_at: returned.started_at } : { attempts: 1 };
}

const STEP_NAME = /^[A-Za-z0-9._-]{1,100}$/;

/** Appends what a step returned; the error when it does not fit the plan. */
function addSteps(state: FoldState, added: unknown): StepError | undefined {
  if (!isStepList(added) || !added.every((step) => STEP_NAME.test(step.name)))
    return stepError(ERROR_CODES.INVALID_STEPS, 'the added steps are no steps');
  if (added.length === 0) return undefined;
  try {
    const { kind, plan } = state.run;
    checkPlan({ kind, steps: [...plan, ...added] });
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    return stepError(ERROR_CODES.INVALID_STEPS, error.message);
  }
  appendSteps(state, added);
  return undefined;
}
