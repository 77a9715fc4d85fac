import { z } from 'zod';
import { inOrderOfNeeds, orderIssues, type OrderIssue } from './blueprint-order.ts';
import type { GivenJobDefinition, JobDefinition, JobInput, JobStep } from './job.ts';
import { mirrors } from './mirrors.ts';
import { brief, fields, jsonSchema, nameText, oneLine, queueSchema, real, stepList, stepNameSchema, whole } from './worded-schema.ts';

const YEAR_S = 365 * 24 * 60 * 60;

type GivenStep = GivenJobDefinition['steps'][number];

const handlerSchema = oneLine('give the name of an activity of the worker');

const dependencySchema = z.union([z.string(), z.int()], {
  error: ({ input }) => `expected the name of a step, or the index of an earlier one, got ${brief(input)}; name the step`,
});

const givenStepSchema = mirrors<GivenStep>()(
  fields('a step as {name: fetch, task_type: download, handler: fetchPages}', {
    name: stepNameSchema,
    task_type: oneLine('say what sort of step it is'),
    handler: handlerSchema,
    max_retries: whole(0, 1000, 'give the retries after the first attempt').optional(),
    timeout: real(0.001, YEAR_S, 'give the bound of one attempt in seconds, at most a year').optional(),
    estimated_duration: real(0.001, YEAR_S, 'give seconds, or leave it out').optional(),
    dependencies: z
      .array(dependencySchema, { error: ({ input }) => `expected a list of steps, got ${brief(input)}; write [fetch]` })
      .optional(),
    queue: queueSchema.optional(),
    external: z.boolean({ error: ({ input }) => `expected true or false, got ${brief(input)}; leave it out for false` }).optional(),
    inputs: jsonSchema.optional(),
    undo: handlerSchema.optional(),
  }),
);

/** The steps with their dependencies by name, each behind what it depends on. */
const stepsSchema = stepList(givenStepSchema).transform((given, context): JobStep[] => {
  const issues = given.flatMap(indexIssues);
  const steps = given.map((step) => ({ step, name: step.name, needs: step.dependencies?.map((one) => nameOf(one, given)) }));
  if (issues.length === 0) issues.push(...orderIssues(steps).map(ofDependencies));
  for (const { path, message } of issues.slice(0, 10)) context.addIssue({ code: 'custom', path: [...path], message });
  if (issues.length > 0) return z.NEVER;
  return inOrderOfNeeds(steps).map(({ step: { dependencies: _given, ...step }, needs }) => ({
    ...step,
    ...(needs ? { dependencies: needs } : {}),
  }));
});

/** A job's definition as users write it. */
export const jobDefinitionSchema = mirrors<JobDefinition>()(
  fields('a definition as {name, steps}', { name: nameText('give another name'), steps: stepsSchema }),
);

/** What `start job` takes. `inputs` are `{}` by default. */
export const jobInputSchema = mirrors<JobInput>()(
  fields('an input as {definition: {name, steps}, inputs: {}}', {
    definition: jobDefinitionSchema,
    inputs: jsonSchema.default({}),
  }),
);

function indexIssues({ dependencies = [] }: GivenStep, idx: number): OrderIssue[] {
  return dependencies.flatMap((given, at) => {
    if (typeof given === 'string' || (given >= 0 && given < idx)) return [];
    const known = idx === 0 ? 'the first step has none' : `an index from 0 to ${idx - 1}`;
    const message = `expected the index of an earlier step (${known}), got ${given}; name the step, or take it out`;
    return [{ path: [idx, 'dependencies', at], message }];
  });
}

function nameOf(given: string | number, steps: readonly GivenStep[]): string {
  return typeof given === 'string' ? given : (steps[given]?.name ?? String(given));
}

function ofDependencies({ path, message }: OrderIssue): OrderIssue {
  return { path: path.map((part) => (part === 'needs' ? 'dependencies' : part)), message };
}
