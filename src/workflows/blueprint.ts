import { blueprintPlan, type BlueprintInput } from '../contracts/blueprint.ts';
import type { Json } from '../contracts/ledger.ts';
import type { SagaStart } from '../contracts/saga-start.ts';
import { callExternal, undoExternal } from './saga/external.ts';
import { runPlan } from './saga/run-plan.ts';

/** Runs a saga given as data: its steps run on external workers, the orchestration here. */
export async function blueprint(input: BlueprintInput, start?: SagaStart): Promise<{ [name: string]: Json }> {
  const { inputs } = input;
  return runPlan(
    blueprintPlan(input),
    { input, start },
    {
      act: (_step, { needs }) => callExternal({ inputs, needs }),
      options: (step, { needs }) => (step.undo ? { undo: (outcome) => undoExternal({ inputs, needs }, outcome) } : {}),
    },
  );
}
