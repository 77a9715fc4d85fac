import { ERROR_CODES } from '../../contracts/errors.ts';
import { readExternalOutput } from '../../contracts/external-output.ts';
import type { StepError } from '../../contracts/ledger.ts';
import type { PlanStep } from '../../contracts/plan.ts';
import type { ExternalApproval, ExternalOutput, ExternalReport, ExternalSleep } from '../../contracts/step-protocol.ts';
import { isObject, Malformed, type Decoded } from './decode.ts';
import { stepError } from './failures.ts';
import type { FoldedStep } from './folded.ts';

/** What an external step asks for before it goes on. */
export type Request = ExternalSleep | ExternalApproval;

/** What an external worker answered, or why the engine does not take it. */
export type Answer = { readonly output: ExternalOutput } | { readonly refused: StepError };

/** Reads the result of an activity that ran an external step, or its undo, as the engine does. */
export function readAnswer(value: Decoded, phase: 'do' | 'undo'): Answer {
  if (value instanceof Malformed) return refusedAs(ERROR_CODES.MALFORMED_RESULT, value.reason);
  const read = readExternalOutput(value, phase);
  return 'fault' in read ? refusedAs(read.fault.code, read.fault.message) : read;
}

function refusedAs(code: string, message: string): Answer {
  return { refused: stepError(code, message) };
}

/** Who ran it, as a step's row says. */
export function howItRan({ attempt, worker_id, started_at }: ExternalReport): Pick<FoldedStep, 'attempts' | 'worker_id' | 'started_at'> {
  return { attempts: attempt, worker_id, started_at };
}

/** Was this step, by its plan, run by an external worker? */
export function isExternal(plan: readonly PlanStep[], idx: number): boolean {
  const step: unknown = plan[idx];
  return isObject(step) && step['external'] === true;
}
