import { ERROR_CODES } from '../../contracts/errors.ts';
import { externalOutputFault } from '../../contracts/external-output.ts';
import type { StepError } from '../../contracts/ledger.ts';
import { LIMITS } from '../../contracts/limits.ts';
import type { PlanStep } from '../../contracts/plan.ts';
import type { ExternalApproval, ExternalOutput, ExternalReport, ExternalSleep } from '../../contracts/step-protocol.ts';
import { isObject, isStepList, Malformed, type Decoded } from './decode.ts';
import { stepError } from './failures.ts';
import type { FoldedStep } from './folded.ts';

/** What an external step asks for before it goes on. */
export type Request = ExternalSleep | ExternalApproval;

/** What an external worker answered, or why the engine does not take it. */
export type Answer = { readonly output: ExternalOutput } | { readonly refused: StepError };

/** Reads the result of an activity that ran an external step, or its undo. */
export function readAnswer(value: Decoded): Answer {
  const fault = value instanceof Malformed ? value.reason : externalOutputFault(value);
  if (fault !== null) return refusedAs(ERROR_CODES.MALFORMED_RESULT, fault);
  // No fault: it has the shape.
  const said = value as unknown as ExternalOutput;
  const output: ExternalOutput = { ...said, started_at: new Date(said.started_at).toISOString() };
  if (output.status === 'SUCCESS') return { output };
  const bytes = Buffer.byteLength(JSON.stringify(output.data));
  if (bytes > LIMITS.valueBytes) return refusedAs(ERROR_CODES.PAYLOAD_TOO_LARGE, `the data is ${bytes} bytes of JSON`);
  return { output };
}

function refusedAs(code: string, message: string): Answer {
  return { refused: stepError(code, message) };
}

/** Who ran it, as a step's row says. */
export function howItRan({ attempt, worker_id, started_at }: ExternalReport): Pick<FoldedStep, 'attempts' | 'worker_id' | 'started_at'> {
  return { attempts: attempt, worker_id, started_at };
}

/** The steps that an external step added: external too, and on its queue unless they say otherwise. What is no list of steps stays as it is. */
export function addedByExternal(steps: unknown, queue: string | undefined): unknown {
  if (!isStepList(steps)) return steps;
  return steps.map((step): PlanStep => ({ ...(queue === undefined ? {} : { queue }), ...step, external: true }));
}

/** Was this step, by its plan, run by an external worker? */
export function isExternal(plan: readonly PlanStep[], idx: number): boolean {
  const step: unknown = plan[idx];
  return isObject(step) && step['external'] === true;
}
