import { z } from 'zod';

/** Ranges of `PlanStep`, for plans that come from outside; apart from `plan.ts` so that zod stays out of the workflow bundle. */
const nameSchema = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,100}$/, 'expected a step name of letters, digits, ".", "_" or "-", at most 100 characters');

export const undoSpecSchema = z.strictObject({
  task_type: z.string().min(1).optional(),
  queue: z.string().min(1).max(200).optional(),
  max_retries: z.int().min(0).max(1000).optional(),
  timeout_ms: z.int().min(1).optional(),
});

export const planStepSchema = z.strictObject({
  name: nameSchema,
  task_type: z.string().min(1).max(200).optional(),
  queue: z.string().min(1).max(200).optional(),
  needs: z.array(nameSchema).optional(),
  inputs: z.json().optional(),
  max_retries: z.int().min(0).max(1000).optional(),
  timeout_ms: z.int().min(1).optional(),
  heartbeat_ms: z.int().min(500).optional(),
  estimated_duration_s: z.number().positive().optional(),
  schedule_to_start_ms: z.int().min(100).optional(),
  external: z.boolean().optional(),
  undo: undoSpecSchema.optional(),
  light: z.boolean().optional(),
  always: z.boolean().optional(),
  label: z.string().max(120).optional(),
});
