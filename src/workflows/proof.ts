import type { ProofActivities } from '../contracts/proof.ts';
import { echoedAt, proofPlan, type ProofInput } from '../contracts/proof.ts';
import type { Json } from '../contracts/ledger.ts';
import type { SagaStart } from '../contracts/saga-start.ts';
import { callSteps } from './saga/calls.ts';
import { runPlan } from './saga/run-plan.ts';

const { echo, fail } = callSteps<ProofActivities>();

/** The smallest saga: proves that a stack, its workers and its ledger work. */
export async function proof(input: ProofInput, start?: SagaStart): Promise<{ [name: string]: Json }> {
  const { message } = input.inputs;
  const contextOf = (_step: unknown, idx: number, output: Json): { [key: string]: Json } => ({ [echoedAt(idx)]: output });
  return runPlan(
    proofPlan(input),
    { input, start, contextOf },
    { act: (step) => (step.name === 'fail' ? fail({ message }) : echo({ message })) },
  );
}
