import { z } from 'zod';
import { datasetIdSchema } from './dataset-id-schema.ts';
import { architectureIssues, paramsIssues, type ArchitectureIssue } from './nas-architecture.ts';
import type { NasSearchInput } from './nas-search.ts';
import { searchSpaceSchema } from './search-space-schema.ts';
import type { Params, ParamValue, SearchSpace } from './search-space.ts';
import { datasetLimitSchema } from './training-spec.ts';

/** Trials of a search in all, 1 to 10,000. */
export const maxTrialsSchema = whole(1, 10_000, 'give the number of trials to start in all');

/** Trials in flight, 1 to 64. */
export const parallelSchema = whole(1, 64, 'give the number of trials to keep in flight');

const paramValueSchema = z.custom<ParamValue>(isParamValue, {
  error: ({ input }) => `expected a string, a finite number or a boolean, got ${brief(input)}; give a value of the search space`,
});

/** A configuration: a value for each parameter, at most 100. */
export const paramsSchema = z
  .record(z.string(), paramValueSchema, {
    error: ({ input }) => `expected a configuration, got ${brief(input)}; give an object as {"width": 64}`,
  })
  .refine((params) => Object.keys(params).length <= 100, {
    error: 'expected at most 100 parameters, got more; give those of the search space',
  });

const budgetSchema = z.strictObject({
  max_trials: maxTrialsSchema,
  max_time_s: whole(1, 2_592_000, 'give seconds, at most 30 days, or leave it out').optional(),
  target: real(0, 1, 'give the accuracy that is good enough, or leave it out').optional(),
  max_failed_trials: whole(0, 10_000, 'give how many trials may fail, or leave it out').optional(),
  max_epochs: whole(1, 10_000_000, 'give the epochs of all trials together, or leave it out').optional(),
  patience: whole(1, 10_000, 'give how many trials in a row may be no better, or leave it out').optional(),
});

const samplerSchema = z.strictObject({ name: oneOf(['random', 'grid', 'tpe', 'evolution']) });

const schedulerSchema = z.strictObject({
  name: oneOf(['asha', 'none']),
  min_epochs: whole(1, 1000, 'give the epochs of the first rung').default(1),
  reduction: whole(2, 10, 'one trial in this many goes on to the next rung').default(3),
});

const writtenSchema = z.strictObject({
  dataset_id: datasetIdSchema,
  objective: oneOf(['accuracy']),
  search_space: searchSpaceSchema,
  budget: budgetSchema,
  epochs: whole(1, 1000, 'give the epochs of a full training').default(3),
  sampler: nameOr(samplerSchema).optional(),
  scheduler: nameOr(schedulerSchema).optional(),
  parallel: parallelSchema.default(2),
  parallel_mode: oneOf(['deterministic', 'async']).default('deterministic'),
  seed: whole(0, Number.MAX_SAFE_INTEGER, 'give another seed').default(0),
  engine: oneOf(['typescript', 'python', 'noop']).default('typescript'),
  dataset_limit: datasetLimitSchema.optional(),
  constraints: z
    .strictObject({ max_params: whole(1, 50_000_000, 'give how many trainable parameters a model may have').default(5_000_000) })
    .prefault({}),
  max_worker_losses: whole(1, 100, 'give how often in a row a trial may lose its worker').default(3),
  enqueue: z
    .array(paramsSchema, { error: ({ input }) => `expected a list of configurations, got ${brief(input)}; give a list as [{"width": 64}]` })
    .max(100, { error: 'expected at most 100 configurations, got more; enqueue the rest with cerebros study enqueue' })
    .default([]),
  drill: z.strictObject({ crash_trials: z.array(whole(0, 9999, 'give numbers of trials, from 0')).max(100) }).optional(),
});

/** What a user gives to `start nas-search`; defaults are filled in when it is read. */
export const nasSearchInputSchema = writtenSchema.transform(withStrategy).superRefine((input, context) => {
  for (const { path, message } of issuesOf(input)) context.addIssue({ code: 'custom', path, message });
});

/** Trainings of some length are tried short first; then the sampler that does best with many short ones proposes. */
function withStrategy({ scheduler: given, sampler, ...input }: z.infer<typeof writtenSchema>): NasSearchInput {
  const scheduler = given ?? { name: input.epochs >= 3 ? ('asha' as const) : ('none' as const), min_epochs: 1, reduction: 3 };
  return { ...input, scheduler, sampler: sampler ?? { name: scheduler.name === 'asha' ? 'evolution' : 'tpe' } };
}

function issuesOf({ engine, epochs, scheduler, search_space, enqueue }: NasSearchInput): ArchitectureIssue[] {
  const rungs = scheduler.min_epochs > epochs ? [tooLongRung(scheduler.min_epochs, epochs)] : [];
  if (engine === 'noop') return rungs;
  const python = engine === 'python';
  const ofSpace = [...architectureIssues(search_space), ...(python ? pythonSpaceIssues(search_space) : [])];
  const ofEnqueued = (params: Params): ArchitectureIssue[] => [...paramsIssues(params), ...(python ? pythonParamsIssues(params) : [])];
  return [...rungs, ...under(['search_space'], ofSpace), ...enqueue.flatMap((params, idx) => under(['enqueue', idx], ofEnqueued(params)))];
}

function tooLongRung(min_epochs: number, epochs: number): ArchitectureIssue {
  const message = `expected at most the ${epochs} epochs of a full training, got ${min_epochs}; give fewer, or raise epochs`;
  return { path: ['scheduler', 'min_epochs'], message };
}

function under(path: readonly (string | number)[], issues: readonly ArchitectureIssue[]): ArchitectureIssue[] {
  return issues.map((issue) => ({ path: [...path, ...issue.path], message: issue.message }));
}

/** Scikit-learn's networks are dense, without dropout, and of one activation. */
function pythonSpaceIssues(space: SearchSpace): ArchitectureIssue[] {
  return Object.entries(space).flatMap(([name, parameter]) => {
    const values = parameter.type === 'categorical' ? parameter.choices : [parameter.low, parameter.high];
    const wrong = values.findIndex((value) => pythonRefusal(name, value) !== undefined);
    const message = pythonRefusal(name, values[wrong]);
    if (message === undefined) return [];
    return [{ path: parameter.type === 'categorical' ? [name, 'choices', wrong] : [name, wrong === 0 ? 'low' : 'high'], message }];
  });
}

function pythonParamsIssues(params: Params): ArchitectureIssue[] {
  return Object.entries(params).flatMap(([name, value]) => {
    const message = pythonRefusal(name, value);
    return message === undefined ? [] : [{ path: [name], message }];
  });
}

function pythonRefusal(name: string, value: ParamValue | undefined): string | undefined {
  const cure = 'take it out, or use the engine typescript';
  if (/^(?:block\d_)?op$/.test(name) && value === 'conv') return `expected dense, all that the engine python has, got "conv"; ${cure}`;
  if (/^(?:block\d_)?dropout$/.test(name) && value !== undefined && value !== 0)
    return `expected 0, for the engine python has no dropout, got ${brief(value)}; ${cure}`;
  if (/^block\d_activation$/.test(name) && value !== undefined)
    return `expected one activation for all blocks with the engine python, got ${brief(value)} for one; name the parameter "activation"`;
  return undefined;
}

/** A bare name stands for the object of that name. */
function nameOr<T extends z.ZodType>(schema: T): z.ZodPreprocess<T> {
  return z.preprocess((given) => (typeof given === 'string' ? { name: given } : given), schema);
}

function oneOf<const T extends readonly string[]>(names: T): z.ZodEnum<{ [K in T[number]]: K }> {
  return z.enum(names, { error: ({ input }) => `expected one of ${names.join(', ')}, got ${brief(input)}` });
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

function isParamValue(value: unknown): boolean {
  return typeof value === 'string' ? value.length <= 1000 : typeof value === 'boolean' || Number.isFinite(value);
}

function brief(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number') return String(value);
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
