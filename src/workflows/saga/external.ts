import type { Json } from '../../contracts/ledger.ts';
import { readExternalOutput } from '../../contracts/external-output.ts';
import { externalStepFault, externalSteps } from '../../contracts/external-steps.ts';
import { isMalformed } from '../../contracts/payload-converter.ts';
import type { Outcome, StepReturn } from '../../contracts/step-call.ts';
import {
  SUSPENSIONS_MAX,
  type ExternalOutput,
  type ExternalStepInput,
  type ExternalSuccess,
  type ExternalUndo,
  type Resume,
} from '../../contracts/step-protocol.ts';
import { activityId, chargeInput, idempotencyKeyOf, runCall, settle, takeScope, type CallScope } from './calls.ts';
import { refusal } from './step-error.ts';

/** What a step is given besides its own place in the run. */
export type ExternalGiven = Pick<ExternalStepInput, 'inputs' | 'needs'>;

/**
 * Runs a step on an external worker, over its suspensions: after each sleep and decision it is called again, with `resume`. Answers its
 * result, whatever that looks like. `activity` is what runs it, by default the step's `task_type`, else its name.
 */
export async function callExternal(given: ExternalGiven, activity?: string): Promise<Json> {
  const first = takeScope('an external step');
  const resume: Resume[] = [];
  for (let scope = first; ; scope = { ...scope, n: scope.n + 1 }) {
    if (scope !== first) scope.onCall(activityId(scope));
    const output = await call(scope, { ...given, resume: resume.length === 0 ? null : resume, undo: null }, activity);
    if (output.status === 'SUCCESS') return finished(first, output);
    if (resume.length === SUSPENSIONS_MAX)
      throw refusal('MALFORMED_RESULT', `step ${scope.step.name}: expected at most ${SUSPENSIONS_MAX} suspensions, got one more`);
    resume.push(await scope.suspend(output, scope.n));
  }
}

/** Takes an external step back: the activity that its plan names as undo. */
export async function undoExternal(given: ExternalGiven, outcome: Outcome<Json>): Promise<null> {
  const scope = takeScope('the undo of an external step');
  const undo: ExternalUndo = { step: scope.step.name, ...outcome };
  const output = await call(scope, { ...given, resume: null, undo });
  if (output.status !== 'SUCCESS')
    throw refusal(
      'MALFORMED_RESULT',
      `undo of step ${scope.step.name}: expected status SUCCESS, got ${output.status}: an undo does not suspend`,
    );
  settle(scope, { output: null, attempt: output.attempt });
  return null;
}

type Call = Pick<ExternalStepInput, 'inputs' | 'needs' | 'resume' | 'undo'>;

async function call(scope: CallScope, given: Call, activity?: string): Promise<ExternalOutput> {
  const { step, saga_id } = scope;
  const input: ExternalStepInput = {
    protocol: 1,
    execution_id: saga_id,
    step_name: step.name,
    idempotency_key: idempotencyKeyOf(scope),
    ...given,
    inputs: step.inputs ?? given.inputs,
  };
  // Temporal would refuse the command, and with it the workflow task, for ever.
  const wrong = externalStepFault(step);
  if (wrong !== null) throw refusal('INVALID_INPUT', `step ${step.name}: ${wrong}`);
  const waiting = chargeInput(scope, input);
  if (waiting) await waiting;
  const type = given.undo ? (step.undo?.task_type ?? step.name) : (activity ?? step.task_type ?? step.name);
  const said = await runCall(scope, type, [input]);
  if (isMalformed(said)) throw refusal('MALFORMED_RESULT', `step ${step.name}: ${said.__malformed}`);
  const read = readExternalOutput(said, given.undo ? 'undo' : 'do');
  if ('fault' in read) throw refusal(read.fault.code, `step ${step.name}: ${read.fault.message}`);
  return read.output;
}

/** The report becomes the step's row; `result` is its output. */
function finished(scope: CallScope, { result, attempt, worker_id, started_at, steps }: ExternalSuccess): Json {
  const returned: StepReturn = { output: result, attempt, worker_id, started_at };
  settle(scope, steps ? { ...returned, steps: externalSteps(steps, scope.step.queue) } : returned);
  return result;
}
