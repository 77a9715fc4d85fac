import { z } from 'zod';
import { jsonIssue } from './json-issue.ts';
import type { Json } from './ledger.ts';
import { nearest } from './nearest.ts';
import { MAX_STEPS } from './plan.ts';

// Schemas whose errors say what was expected, what came, and what to do.

/** JSON of any shape, nested at most `JSON_DEPTH_MAX` deep. */
export const jsonSchema = z.custom<Json>().superRefine((value, context) => {
  const issue = jsonIssue(value);
  if (issue) context.addIssue({ code: 'custom', path: [...issue.path], message: issue.message });
});

/** Letters, digits, ".", "_" or "-", at most 100: names of steps, and names and versions of what is made of them. */
export const NAME = /^[A-Za-z0-9._-]{1,100}$/;

export const nameSchema = nameText('give another name');

/** A number would be read as an index where STEP is asked for. */
export const stepNameSchema = nameSchema.refine((given) => !/^\d+$/.test(given), {
  error: ({ input }) => `expected a name that is no number, got ${brief(input)}; put a letter before it`,
});

/** A task queue; Temporal would refuse one of its own, and with it the workflow task, for ever. */
export const queueSchema = oneLine('give the task queue that the worker polls').refine((given) => !given.startsWith('/_sys/'), {
  error: ({ input }) => `expected a queue that does not begin with /_sys/, got ${brief(input)}; give another name`,
});

/** A list of 1 to `MAX_STEPS` steps. */
export function stepList<S extends z.ZodType>(step: S): z.ZodArray<S> {
  return z
    .array(step, { error: ({ input }) => `expected a list of steps, got ${brief(input)}; write [{name: extract}, …]` })
    .min(1, { error: 'expected at least one step, got none; name one' })
    .max(MAX_STEPS, {
      error: ({ input }) => `expected at most ${MAX_STEPS} steps, got ${(input as unknown[]).length}; have a step return further ones`,
    });
}

/** An object with these fields only. */
export function fields<T extends z.core.$ZodLooseShape>(what: string, shape: T): z.ZodObject<T, z.core.$strict> {
  const names = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? unknownFields(names, issue.keys) : `expected ${what}, got ${brief(issue.input)}`,
  });
}

function unknownFields(names: readonly string[], unknown: readonly string[]): string {
  const meant = unknown.flatMap((name) => nearest(name, names) ?? []);
  const cure =
    meant.length === 0
      ? `take ${unknown.length === 1 ? 'it' : 'them'} out`
      : `did you mean ${meant.map((name) => `"${name}"`).join(', ')}?`;
  return `expected no fields but ${names.join(', ')}, got ${unknown.map((name) => brief(name)).join(', ')}; ${cure}`;
}

/** A text that is a `NAME`. */
export function nameText(cure: string): z.ZodString {
  return text({ expected: 'letters, digits, ".", "_" or "-", 1 to 100 of them', pattern: NAME, cure });
}

/** Without half a surrogate pair, which cannot be sent. */
export function oneLine(cure: string): z.ZodString {
  return text({ expected: 'text of one line, 1 to 200 characters', pattern: /^[^\p{Cc}\p{Cs}]{1,200}$/u, cure });
}

interface Text {
  readonly expected: string;
  readonly pattern: RegExp;
  readonly cure: string;
}

export function text({ expected, pattern, cure }: Text): z.ZodString {
  const error = ({ input }: { readonly input?: unknown }): string => `expected ${expected}, got ${brief(input)}; ${cure}`;
  return z.string({ error }).regex(pattern, { error });
}

export function whole(low: number, high: number, cure: string): z.ZodInt {
  const error = ({ input }: { readonly input?: unknown }): string =>
    `expected a whole number from ${low} to ${high}, got ${brief(input)}; ${cure}`;
  return z.int({ error }).min(low, { error }).max(high, { error });
}

export function real(low: number, high: number, cure: string): z.ZodNumber {
  const error = ({ input }: { readonly input?: unknown }): string =>
    `expected a number from ${low} to ${high}, got ${brief(input)}; ${cure}`;
  return z.number({ error }).min(low, { error }).max(high, { error });
}

/** What came, for a message. */
export function brief(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  if (typeof value === 'object') return 'an object';
  if (typeof value !== 'string') return `a ${typeof value}`;
  return value.length > 60 ? JSON.stringify(`${value.slice(0, 57)}…`) : JSON.stringify(value);
}
