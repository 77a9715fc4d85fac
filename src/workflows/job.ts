import { jobPlan, type HandlerInput, type JobInput, type UndoHandlerInput } from '../contracts/job.ts';
import type { Json } from '../contracts/ledger.ts';
import type { PlanStep } from '../contracts/plan.ts';
import type { SagaStart } from '../contracts/saga-start.ts';
import type { Outcome } from '../contracts/step-call.ts';
import { callSteps } from './saga/calls.ts';
import { callExternal, undoExternal } from './saga/external.ts';
import { runPlan } from './saga/run-plan.ts';

const handlers = callSteps<Record<string, (input: HandlerInput | UndoHandlerInput) => Promise<Json>>>();

/** Runs a saga given as data: the handlers of its steps are a service's own, the orchestration is here. */
export async function job(input: JobInput, start?: SagaStart): Promise<{ [name: string]: Json }> {
  const { definition, inputs } = input;
  const given = (step: PlanStep, needs: HandlerInput['needs']): HandlerInput => ({ inputs: step.inputs ?? inputs, needs });
  return runPlan(
    jobPlan(input),
    { input, start },
    {
      act: (step, { needs }) => {
        // A step that another one has added has no line in the definition.
        const handler = definition.steps.find(({ name }) => name === step.name)?.handler ?? step.task_type ?? step.name;
        return step.external ? callExternal(given(step, needs), handler) : call(handler, given(step, needs));
      },
      options: (step, { needs }) => (step.undo ? { undo: (outcome) => undo(step, given(step, needs), outcome) } : {}),
    },
  );
}

function call(handler: string, input: HandlerInput | UndoHandlerInput): Promise<Json> {
  const activity = handlers[handler];
  // `callSteps` answers every name; this only tells the compiler so.
  return activity ? activity(input) : Promise.reject(new Error(`no handler ${handler}`));
}

function undo(step: PlanStep, given: HandlerInput, outcome: Outcome<Json>): Promise<unknown> {
  if (step.external) return undoExternal(given, outcome);
  return call(step.undo?.task_type ?? step.name, { ...given, undo: { step: step.name, ...outcome } });
}
