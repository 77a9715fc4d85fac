import type { Json } from '../contracts/ledger.ts';
import type { PlanStep } from '../contracts/plan.ts';
import {
  APPROVAL_ACTIVITY,
  provisionPlan,
  type ProvisionActivities,
  type ProvisionCall,
  type ProvisionInput,
} from '../contracts/provision.ts';
import type { SagaStart } from '../contracts/saga-start.ts';
import { callSteps } from './saga/calls.ts';
import { callExternal } from './saga/external.ts';
import { runPlan, type Given } from './saga/run-plan.ts';

const { executeStep, compensateStep } = callSteps<ProvisionActivities>();

type Put = { readonly [name: string]: Json };

/** Runs a list of steps on resources of a cloud. Its context is what the steps have put. */
export async function provision(input: ProvisionInput, start?: SagaStart): Promise<{ [name: string]: Json }> {
  const contextOf = (_step: unknown, _idx: number, output: Json): Put => putBy(output);
  return runPlan(
    provisionPlan(input),
    { input, start, contextOf },
    {
      act: (step, given) => (step.external ? askPeople(step, given) : executeStep(callOf(input, step, given))),
      options: (step, given) => (step.undo ? { undo: (outcome) => compensateStep({ ...callOf(input, step, given), outcome }) } : {}),
    },
  );
}

function askPeople({ inputs = null }: PlanStep, { needs }: Given): Promise<Json> {
  return callExternal({ inputs, needs }, APPROVAL_ACTIVITY);
}

function callOf({ steps, inputs }: ProvisionInput, { name }: PlanStep, { needs }: Given): ProvisionCall {
  const step = steps.find((one) => one.name === name);
  // The plan is made of the same steps; this only tells the compiler so.
  if (!step || step.module === 'request_approval') throw new Error(`no step ${name}`);
  const context: Put = Object.assign({}, ...Object.values(needs).map(putBy)) as Put;
  return { module: step.module, urn: step.urn, inputs: { ...inputs, ...step.params }, context };
}

/** A step that was skipped may have any output. */
function putBy(output: Json): Put {
  return typeof output === 'object' && output !== null && !Array.isArray(output) ? (output as Put) : {};
}
