import { z } from 'zod';
import { inOrderOfNeeds, orderIssues } from './blueprint-order.ts';
import type { Blueprint, BlueprintInput, BlueprintStep, BlueprintUndo } from './blueprint.ts';
import { jsonIssue } from './json-issue.ts';
import type { Json } from './ledger.ts';
import { mirrors } from './mirrors.ts';
import { nearest } from './nearest.ts';
import { MAX_STEPS } from './plan.ts';

const YEAR_MS = 365 * 24 * 60 * 60_000;

/** Letters, digits, ".", "_" or "-", at most 100: names and versions of blueprints. */
export const BLUEPRINT_NAME = /^[A-Za-z0-9._-]{1,100}$/;

/** JSON of any shape, nested at most `JSON_DEPTH_MAX` deep. */
const jsonSchema = z.custom<Json>().superRefine((value, context) => {
  const issue = jsonIssue(value);
  if (issue) context.addIssue({ code: 'custom', path: [...issue.path], message: issue.message });
});

const nameSchema = nameText('give another name');

/** A number would be read as an index where STEP is asked for. */
const stepNameSchema = nameSchema.refine((given) => !/^\d+$/.test(given), {
  error: ({ input }) => `expected a name that is no number, got ${brief(input)}; put a letter before it`,
});

const taskTypeSchema = oneLine('give the name of an activity of the worker');
const queueSchema = oneLine('give the task queue that the worker polls');
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

const stepsSchema = z
  .array(stepSchema, { error: ({ input }) => `expected a list of steps, got ${brief(input)}; write [{name: extract}, …]` })
  .min(1, { error: 'expected at least one step, got none; name one' })
  .max(MAX_STEPS, {
    error: ({ input }) => `expected at most ${MAX_STEPS} steps, got ${(input as unknown[]).length}; have a step return further ones`,
  })
  .superRefine((steps, context) => {
    for (const { path, message } of orderIssues(steps)) context.addIssue({ code: 'custom', path: [...path], message });
  });

/**
 * A blueprint as users write it. Its steps may be listed in any order: they come out with each behind what it needs, and otherwise
 * as they were.
 */
export const blueprintSchema = mirrors<Blueprint>()(
  fields('a blueprint as {name, version, steps}', {
    name: nameSchema,
    version: nameText('give a version as "1" or "2.1.0", in quotes'),
    description: text({
      expected: 'text of at most 10,000 characters',
      pattern: /^[^]{0,10000}$/,
      cure: 'shorten it, or leave it out',
    }).optional(),
    steps: stepsSchema.transform(inOrderOfNeeds),
  }),
);

/** Input of the kind as it is started; `sha256`, when given, must be the blueprint's, and is filled in by the client. */
export type GivenBlueprintInput = Omit<BlueprintInput, 'sha256'> & { readonly sha256?: string | undefined };

/** What `start blueprint` takes once a name in `blueprint` has been resolved. `inputs` are `{}` by default. */
export const blueprintInputSchema = mirrors<GivenBlueprintInput>()(
  fields('an input as {blueprint: name@version, inputs: {}}', {
    blueprint: blueprintSchema,
    sha256: text({ expected: '64 hexadecimal digits', pattern: /^[0-9a-f]{64}$/, cure: 'leave it out' }).optional(),
    inputs: jsonSchema.default({}),
  }),
);

/** An object with these fields only. */
function fields<T extends z.core.$ZodLooseShape>(what: string, shape: T): z.ZodObject<T, z.core.$strict> {
  const names = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? unknownFields(names, issue.keys) : `expected ${what}, got ${brief(issue.input)}`,
  });
}

function unknownFields(names: readonly string[], unknown: readonly string[]): string {
  const meant = unknown.flatMap((name) => nearest(name, names) ?? []);
  const cure = meant.length === 0 ? 'take it out' : `did you mean ${meant.map((name) => `"${name}"`).join(', ')}?`;
  return `expected no fields but ${names.join(', ')}, got ${unknown.map((name) => brief(name)).join(', ')}; ${cure}`;
}

function nameText(cure: string): z.ZodString {
  return text({ expected: 'letters, digits, ".", "_" or "-", 1 to 100 of them', pattern: BLUEPRINT_NAME, cure });
}

function oneLine(cure: string): z.ZodString {
  return text({ expected: 'text of one line, 1 to 200 characters', pattern: /^[^\p{Cc}]{1,200}$/u, cure });
}

interface Text {
  readonly expected: string;
  readonly pattern: RegExp;
  readonly cure: string;
}

function text({ expected, pattern, cure }: Text): z.ZodString {
  const error = ({ input }: { readonly input?: unknown }): string => `expected ${expected}, got ${brief(input)}; ${cure}`;
  return z.string({ error }).regex(pattern, { error });
}

function whole(low: number, high: number, cure: string): z.ZodInt {
  const error = ({ input }: { readonly input?: unknown }): string =>
    `expected a whole number from ${low} to ${high}, got ${brief(input)}; ${cure}`;
  return z.int({ error }).min(low, { error }).max(high, { error });
}

function real(low: number, high: number, cure: string): z.ZodNumber {
  const error = ({ input }: { readonly input?: unknown }): string =>
    `expected a number from ${low} to ${high}, got ${brief(input)}; ${cure}`;
  return z.number({ error }).min(low, { error }).max(high, { error });
}

function brief(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  if (typeof value === 'object') return 'an object';
  if (typeof value !== 'string') return `a ${typeof value}`;
  return value.length > 60 ? JSON.stringify(`${value.slice(0, 57)}…`) : JSON.stringify(value);
}
