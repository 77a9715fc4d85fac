import type { Json } from '../../contracts/ledger.ts';
import { externalOutputFault } from '../../contracts/external-output.ts';
import { LIMITS } from '../../contracts/limits.ts';
import { encodeJson, isMalformed } from '../../contracts/payload-converter.ts';
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
 * result, whatever that looks like.
 */
export async function callExternal(given: ExternalGiven): Promise<Json> {
  const first = takeScope('an external step');
  const resume: Resume[] = [];
  for (let scope = first; ; scope = { ...scope, n: scope.n + 1 }) {
    if (scope !== first) scope.onCall(activityId(scope));
    const output = await call(scope, { ...given, resume: resume.length === 0 ? null : resume, undo: null });
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

async function call(scope: CallScope, given: Call): Promise<ExternalOutput> {
  const { step, saga_id } = scope;
  const input: ExternalStepInput = {
    protocol: 1,
    execution_id: saga_id,
    step_name: step.name,
    idempotency_key: idempotencyKeyOf(scope),
    ...given,
    inputs: step.inputs ?? given.inputs,
  };
  const waiting = chargeInput(scope, input);
  if (waiting) await waiting;
  const type = given.undo ? (step.undo?.task_type ?? step.name) : (step.task_type ?? step.name);
  const output = await runCall(scope, type, [input]);
  const fault = isMalformed(output) ? output.__malformed : externalOutputFault(output);
  if (fault !== null) throw refusal('MALFORMED_RESULT', `step ${step.name}: ${fault}`);
  const said = output as ExternalOutput;
  // Postgres reads fewer ways to write a time than JavaScript does.
  const answer: ExternalOutput = { ...said, started_at: new Date(said.started_at).toISOString() };
  // What it puts aside is kept in the ledger, and given back to it: bounded as an output is.
  if (answer.status !== 'SUCCESS') encodeJson(answer.data, `the data of step ${step.name}`, LIMITS.valueBytes);
  return answer;
}

/** The report becomes the step's row; `result` is its output. Steps that it adds are external too, on its queue unless they say otherwise. */
function finished(scope: CallScope, { result, attempt, worker_id, started_at, steps }: ExternalSuccess): Json {
  const returned: StepReturn = { output: result, attempt, worker_id, started_at };
  const queue = scope.step.queue === undefined ? {} : { queue: scope.step.queue };
  settle(scope, steps ? { ...returned, steps: steps.map((step) => ({ ...queue, ...step, external: true })) } : returned);
  return result;
}
