import type { Json } from '../../../src/contracts/ledger.ts';
import type { Plan, PlanStep } from '../../../src/contracts/plan.ts';
import type { SagaStart } from '../../../src/contracts/saga-start.ts';
import { callSteps } from '../../../src/workflows/saga/calls.ts';
import { runPlan } from '../../../src/workflows/saga/run-plan.ts';
import type { ScriptedActivities, ScriptedInput } from '../scripted.ts';

const { act, undo } = callSteps<ScriptedActivities>();

/** A saga whose every step is told what to do: succeed, fail, hang … The engine's own rules are all that is under test. */
export async function scripted(input: ScriptedInput, start?: SagaStart): Promise<{ [name: string]: Json }> {
  const plan: Plan = { kind: 'scripted', steps: input.steps.map(({ script: _script, ...step }) => step as PlanStep) };
  return runPlan(
    plan,
    { input, start },
    {
      act: (step) => act({ step: step.name, script: scriptOf(input, step.name), ...padding(scriptOf(input, step.name).pad) }),
      options: (step) => {
        const script = scriptOf(input, step.name);
        return {
          ...(script.no_undo
            ? {}
            : { undo: (outcome) => undo({ step: step.name, script, outcome: outcome.status, ...padding(script.undo_pad) }) }),
          ...(script.compensate ? { compensate: (_error, tries) => script.compensate?.[tries - 1] ?? { answer: 'fail' } } : {}),
        };
      },
    },
  );
}

function padding(pad: number | undefined): { readonly pad?: string } {
  return pad === undefined ? {} : { pad: 'x'.repeat(pad) };
}

function scriptOf(input: ScriptedInput, name: string): ScriptedInput['steps'][number]['script'] {
  return input.steps.find((step) => step.name === name)?.script ?? {};
}
