import { checkPlan, type Plan, type PlanStep } from './plan.ts';

/** `echo` puts the message into the context, `fail` always fails; neither has an undo. */
export type ProofStep = 'echo' | 'fail';

/** Input of the smallest kind there is: proves that a stack, its workers and its ledger work. */
export interface ProofInput {
  readonly steps: readonly ProofStep[];
  readonly inputs: { readonly message: string };
}

export const PROOF = 'proof';

/** One step after the other, in the order given; names repeat. */
export function proofPlan(input: ProofInput): Plan {
  const steps = input.steps.map((name, idx): PlanStep => {
    const before = input.steps[idx - 1];
    return { name, ...(before === undefined ? {} : { needs: [before] }) };
  });
  const plan = { kind: PROOF, steps };
  checkPlan(plan, { repeatable: true });
  return plan;
}

/** What `echo` puts for the step at `idx`. */
export function echoedAt(idx: number): string {
  return `echoed_at_step_${idx}`;
}

/** The worker's side of the two steps. */
export interface ProofActivities {
  /** Returns the message. */
  echo(input: { readonly message: string }): Promise<string>;
  /** Fails, and is not retried. */
  fail(input: { readonly message: string }): Promise<never>;
}
