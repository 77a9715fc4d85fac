import { z } from 'zod';
import type { Json } from './ledger.ts';
import { mirrors } from './mirrors.ts';
import { planStepSchema, undoSpecSchema } from './plan-schema.ts';
import { MAX_STEPS, type PlanStep } from './plan.ts';
import {
  STEP_MS_MAX,
  SUSPENSION_MS_MAX,
  SUSPENSIONS_MAX,
  type Decision,
  type ExternalApproval,
  type ExternalOutput,
  type ExternalSleep,
  type ExternalStepInput,
  type ExternalSuccess,
  type ExternalUndo,
  type Resume,
} from './step-protocol.ts';

// The protocol of `step-protocol.ts` as schemas, for workers in other languages and for their tests. The types there lead: `mirrors` is
// a compile error when a schema says something else. Objects hold exactly these fields.

const json: z.ZodType<Json> = z.json();
const stepName = z.string().regex(/^[A-Za-z0-9._-]{1,100}$/);
const person = z.string().min(1).max(200);
const time = z.iso.datetime({ offset: true });
const ms = (min: number) => z.int().min(min).max(STEP_MS_MAX).optional();
const bounded = planStepSchema.extend({
  timeout_ms: ms(1),
  heartbeat_ms: ms(500),
  schedule_to_start_ms: ms(100),
  undo: undoSpecSchema.extend({ timeout_ms: ms(1) }).optional(),
});
/** A step as in a plan; in JSON, what is left out and what is undefined are the same. */
const planSteps = z.array(bounded).max(MAX_STEPS) as unknown as z.ZodType<PlanStep[]>;

const decision = mirrors<Decision>()(
  z.strictObject({
    decision: z.enum(['approved', 'rejected']),
    by: person.nullable(),
    comment: z.string().nullable(),
    decided_at: time,
    decision_id: z.string().min(1).max(200),
    timed_out: z.boolean(),
  }),
);

const resume = mirrors<Resume>()(
  z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('sleep'), data: json, slept_ms: z.int().min(0) }),
    z.strictObject({ kind: z.literal('approval'), decision }),
  ]),
);

const undo = mirrors<ExternalUndo>()(
  z.strictObject({
    step: stepName,
    status: z.enum(['done', 'unknown']),
    output: json.exactOptional(),
    error: z.strictObject({ code: z.string(), message: z.string() }).exactOptional(),
  }),
);

const input = mirrors<ExternalStepInput>()(
  z.strictObject({
    protocol: z.literal(1),
    execution_id: z.string().regex(/^[A-Za-z0-9._:-]{1,200}$/),
    step_name: stepName,
    inputs: json,
    needs: z.record(stepName, json),
    idempotency_key: z.string().min(1),
    resume: z.array(resume).min(1).max(SUSPENSIONS_MAX).nullable(),
    undo: undo.nullable(),
  }),
);

const report = { worker_id: z.string().min(1).max(500), attempt: z.int().min(1), started_at: time };

const success = mirrors<ExternalSuccess>()(
  z.strictObject({ status: z.literal('SUCCESS'), result: json, steps: planSteps.exactOptional(), ...report }),
);

const sleep = mirrors<ExternalSleep>()(
  z.strictObject({ status: z.literal('SLEEP'), duration_ms: z.int().min(0).max(SUSPENSION_MS_MAX), data: json, ...report }),
);

const approval = mirrors<ExternalApproval>()(
  z.strictObject({
    status: z.literal('APPROVAL'),
    approval_type: z.string().min(1).max(200),
    data: json,
    timeout_ms: z.int().min(1).max(SUSPENSION_MS_MAX),
    on_timeout: z.enum(['reject', 'approve', 'fail']).exactOptional(),
    approvers: z.array(person).min(1).max(100).exactOptional(),
    ...report,
  }),
);

const output = mirrors<ExternalOutput>()(z.discriminatedUnion('status', [success, sleep, approval]));

/** Schemas of what an external step is given and answers, by the names of their files in `workers/schemas/`. */
export const STEP_PROTOCOL_SCHEMAS = { 'step-input': input, 'step-output': output } as const;
