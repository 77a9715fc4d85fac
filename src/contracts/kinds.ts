import type { z } from 'zod';
import type { Plan } from './plan.ts';
import { PROOF, proofPlan, type ProofInput } from './proof.ts';
import { proofInputSchema } from './proof-schema.ts';

/** A kind of saga, as commands know it: how its input is checked and what it will run, without running anything. */
export interface Kind<I = unknown> {
  readonly kind: string;
  readonly workflow_type: string;
  readonly schema: z.ZodType<I>;
  plan(input: I): Plan;
  /** Reads what the input only names, such as files; default: nothing. */
  prepare?(input: I, from: { readonly base_dir: string }): Promise<I>;
  /** One line for lists, at most 200 bytes. */
  summary(input: I): string;
}

const proof: Kind<ProofInput> = {
  kind: PROOF,
  workflow_type: 'proof',
  schema: proofInputSchema,
  plan: proofPlan,
  summary: (input) => `proof: ${input.steps.length} steps`,
};

/** Every kind of this release, by its name in commands. */
export const KINDS: Readonly<Record<string, Kind>> = { [PROOF]: proof as Kind };
