import { z } from 'zod';
import { inOrderOfNeeds, orderIssues } from './blueprint-order.ts';
import type { Blueprint, BlueprintInput, BlueprintStep, BlueprintUndo } from './blueprint.ts';
import { mirrors } from './mirrors.ts';
import {
  brief,
  fields,
  jsonSchema,
  nameSchema,
  nameText,
  oneLine,
  queueSchema,
  real,
  stepList,
  stepNameSchema,
  text,
  whole,
} from './worded-schema.ts';

const YEAR_MS = 365 * 24 * 60 * 60_000;

const taskTypeSchema = oneLine('give the name of an activity of the worker');
const retriesSchema = whole(0, 1000, 'give the retries after the first attempt');
const timeoutSchema = whole(1, YEAR_MS, 'give the bound of one attempt in ms, at most a year');

const undoSchema = mirrors<BlueprintUndo>()(
  fields('an undo as {task_type: unload}', {
    task_type: taskTypeSchema,
    queue: queueSchema.optional(),
    max_retries: retriesSchema.optional(),
    timeout_ms: timeoutSchema.optional(),
  }),
);

const stepSchema = mirrors<BlueprintStep>()(
  fields('a step as {name: extract, needs: []}', {
    name: stepNameSchema,
    task_type: taskTypeSchema.optional(),
    queue: queueSchema.optional(),
    needs: z.array(nameSchema, { error: ({ input }) => `expected a list of step names, got ${brief(input)}; write [extract]` }).optional(),
    inputs: jsonSchema.optional(),
    max_retries: retriesSchema.optional(),
    timeout_ms: timeoutSchema.optional(),
    heartbeat_ms: whole(500, YEAR_MS, 'give how long a worker may be silent, in ms').optional(),
    schedule_to_start_ms: whole(100, YEAR_MS, 'give how long the step may wait for a worker, in ms').optional(),
    estimated_duration_s: real(0.001, YEAR_MS / 1000, 'give seconds, or leave it out').optional(),
    undo: undoSchema.optional(),
  }),
);

const stepsSchema = stepList(stepSchema).superRefine((steps, context) => {
  for (const { path, message } of orderIssues(steps)) context.addIssue({ code: 'custom', path: [...path], message });
});

const blueprintShape = {
  name: nameSchema,
  version: nameText('give a version as "1" or "2.1.0", in quotes'),
  description: text({
    expected: 'text of at most 10,000 characters',
    pattern: /^[^]{0,10000}$/,
    cure: 'shorten it, or leave it out',
  }).optional(),
  steps: stepsSchema.transform(inOrderOfNeeds),
};

const AS_DATA = 'a blueprint as {name, version, steps}';

/**
 * A blueprint as users write it. Its steps may be listed in any order: they come out with each behind what it needs, and otherwise
 * as they were.
 */
export const blueprintSchema = mirrors<Blueprint>()(fields(AS_DATA, blueprintShape));

/** Input of the kind as it is started; `sha256`, when given, must be the blueprint's, and is filled in by the client. */
export type GivenBlueprintInput = Omit<BlueprintInput, 'sha256'> & { readonly sha256?: string | undefined };

/** What `start blueprint` takes once a name in `blueprint` has been resolved. `inputs` are `{}` by default. */
export const blueprintInputSchema = mirrors<GivenBlueprintInput>()(
  fields('an input as {blueprint: name@version, inputs: {}}', {
    blueprint: mirrors<Blueprint>()(fields(`the name@version of a registered blueprint, or ${AS_DATA}`, blueprintShape)),
    sha256: text({ expected: '64 hexadecimal digits', pattern: /^[0-9a-f]{64}$/, cure: 'leave it out' }).optional(),
    inputs: jsonSchema.default({}),
  }),
);
