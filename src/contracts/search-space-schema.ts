import { z } from 'zod';
import type { IntParameter, Parameter, ParamValue, SearchSpace } from './search-space.ts';

/** Ranges of a search space; apart from `search-space.ts` so that zod stays out of the workflow bundle. Every fault names its path. */

const paramValueSchema = z.custom<ParamValue>(isParamValue, {
  error: ({ input }) => `expected a string of at most 1,000 characters, a finite number or a boolean, got ${brief(input)}`,
});

const choicesSchema = z
  .array(paramValueSchema, { error: ({ input }) => `expected a list of choices as ["relu", "tanh"], got ${brief(input)}` })
  .min(1, { error: 'expected at least one choice, got none' })
  .max(100, { error: ({ input }) => `expected at most 100 choices, got ${Array.isArray(input) ? input.length : brief(input)}` });

const wantedSchema = z.custom<ParamValue | readonly ParamValue[]>(
  (wanted) => (Array.isArray(wanted) ? wanted.length > 0 && wanted.every(isParamValue) : isParamValue(wanted)),
  { error: ({ input }) => `expected a value, or a list of values, got ${brief(input)}` },
);

const whenSchema = z
  .record(z.string(), wantedSchema, {
    error: ({ input }) => `expected earlier parameters and their values as {"op": "conv"}, got ${brief(input)}`,
  })
  .optional();

const logSchema = z.boolean({ error: ({ input }) => `expected true or false, got ${brief(input)}` }).optional();

const categoricalSchema = z.strictObject(
  { type: z.literal('categorical'), choices: choicesSchema, when: whenSchema },
  { error: onlyKeys('type, choices, when') },
);

const intSchema = z.strictObject(
  { type: z.literal('int'), low: whole(), high: whole(), step: whole(1).optional(), log: logSchema, when: whenSchema },
  { error: onlyKeys('type, low, high, step, log, when') },
);

const floatSchema = z.strictObject(
  { type: z.literal('float'), low: real(), high: real(), log: logSchema, when: whenSchema },
  { error: onlyKeys('type, low, high, log, when') },
);

const parameterSchema = z.discriminatedUnion('type', [categoricalSchema, intSchema, floatSchema], {
  error: ({ input }) => wrongParameter(input),
});

/** What a user gives as a search space: 1 to 100 parameters, of which `when` names earlier ones. */
export const searchSpaceSchema: z.ZodType<SearchSpace> = z
  .record(z.string(), parameterSchema, {
    error: ({ input }) => `expected parameters as {"width": {"type": "int", "low": 8, "high": 64}}, got ${brief(input)}`,
  })
  .superRefine((space, context) => {
    for (const { path, message } of spaceIssues(space)) context.addIssue({ code: 'custom', path, message });
  });

interface Issue {
  readonly path: (string | number)[];
  readonly message: string;
}

function spaceIssues(space: SearchSpace): Issue[] {
  const names = Object.keys(space);
  if (names.length === 0 || names.length > 100) return [{ path: [], message: `expected 1 to 100 parameters, got ${names.length}` }];
  return Object.entries(space).flatMap(([name, parameter], index) => {
    const earlier = new Map(names.slice(0, index).map((other) => [other, space[other]]));
    const issues = [...nameIssues(name), ...rangeIssues(parameter), ...whenIssues(parameter, earlier)];
    return issues.map(({ path, message }) => ({ path: [name, ...path], message }));
  });
}

// A name of digits only would be moved to the front by JavaScript, and `when` goes by order.
function nameIssues(name: string): Issue[] {
  if (/^[A-Za-z][A-Za-z0-9_.-]{0,99}$/.test(name)) return [];
  const message = `expected a name that begins with a letter, of letters, digits, "_", "." or "-", at most 100, got ${brief(name)}`;
  return [{ path: [], message }];
}

function rangeIssues(parameter: Parameter): Issue[] {
  if (parameter.type === 'categorical') return repeatedChoices(parameter.choices);
  const { type, low, high, log } = parameter;
  const issues: Issue[] = [];
  if (low > high) issues.push({ path: ['high'], message: `expected at least low (${low}), got ${high}` });
  if (log === true && type === 'int' && low < 1) issues.push({ path: ['low'], message: `expected at least 1 with log, got ${low}` });
  if (log === true && type === 'float' && low <= 0) issues.push({ path: ['low'], message: `expected more than 0 with log, got ${low}` });
  if (log === true && type === 'int' && parameter.step !== undefined)
    issues.push({ path: ['step'], message: `expected no step together with log, got ${parameter.step}` });
  return issues;
}

function repeatedChoices(choices: readonly ParamValue[]): Issue[] {
  return choices.flatMap((choice, index) =>
    choices.indexOf(choice) < index
      ? [{ path: ['choices', index], message: `expected different choices, got ${brief(choice)} again` }]
      : [],
  );
}

function whenIssues({ when = {} }: Parameter, earlier: ReadonlyMap<string, Parameter | undefined>): Issue[] {
  return Object.entries(when).flatMap(([name, wanted]) => {
    const parameter = earlier.get(name);
    if (parameter === undefined) {
      const known = earlier.size === 0 ? 'this is the first' : [...earlier.keys()].join(', ');
      return [{ path: ['when', name], message: `expected an earlier parameter (${known}), got ${brief(name)}` }];
    }
    if (parameter.type === 'float')
      return [{ path: ['when', name], message: `expected a categorical or int parameter, got the float ${brief(name)}` }];
    return impossibleValues(name, parameter, wanted);
  });
}

function impossibleValues(
  name: string,
  parameter: Exclude<Parameter, { type: 'float' }>,
  wanted: ParamValue | readonly ParamValue[],
): Issue[] {
  const values = Array.isArray(wanted) ? wanted : [wanted];
  return values.flatMap((value: ParamValue, index) => {
    if (parameter.type === 'categorical' ? parameter.choices.includes(value) : isIntOf(parameter, value)) return [];
    const path = ['when', name, ...(Array.isArray(wanted) ? [index] : [])];
    return [{ path, message: `expected a value that ${name} can have (${range(parameter)}), got ${brief(value)}` }];
  });
}

function isIntOf({ low, high, step = 1 }: IntParameter, value: ParamValue): boolean {
  return typeof value === 'number' && value >= low && value <= high && Number.isInteger((value - low) / step);
}

function range(parameter: Exclude<Parameter, { type: 'float' }>): string {
  if (parameter.type === 'categorical') return parameter.choices.map(brief).join(', ');
  const { low, high, step = 1 } = parameter;
  return `${low} to ${high}${step === 1 ? '' : ` in steps of ${step}`}`;
}

function wrongParameter(input: unknown): string {
  if (typeof input !== 'object' || input === null)
    return `expected a parameter as {"type": "int", "low": 8, "high": 64}, got ${brief(input)}`;
  return `expected categorical, int or float, got ${brief(Reflect.get(input, 'type'))}`;
}

function onlyKeys(known: string): z.core.$ZodErrorMap {
  return (issue) => (issue.code === 'unrecognized_keys' ? `expected only ${known}, got ${issue.keys.map(brief).join(', ')}` : undefined);
}

function whole(low = Number.MIN_SAFE_INTEGER): z.ZodInt {
  const expected = low === 1 ? 'a whole number of at least 1' : 'a whole number';
  const error = ({ input }: { readonly input?: unknown }): string => `expected ${expected}, got ${brief(input)}`;
  return z.int({ error }).min(low, { error });
}

function real(): z.ZodNumber {
  const error = ({ input }: { readonly input?: unknown }): string => `expected a number from -1e100 to 1e100, got ${brief(input)}`;
  return z.number({ error }).min(-1e100, { error }).max(1e100, { error });
}

function isParamValue(value: unknown): value is ParamValue {
  return typeof value === 'string' ? value.length <= 1000 : typeof value === 'boolean' || Number.isFinite(value);
}

function brief(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number') return String(value);
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
