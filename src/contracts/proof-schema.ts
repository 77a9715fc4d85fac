import { z } from 'zod';
import { MAX_STEPS } from './plan.ts';

export const proofInputSchema = z.strictObject({
  steps: z
    .array(z.enum(['echo', 'fail']))
    .min(1)
    .max(MAX_STEPS),
  inputs: z.strictObject({ message: z.string().max(10_000) }),
});
