import { buildChoiceParser, buildCommand } from '@stricli/core';
import type { CliContext } from '../context.ts';
import type { IdFlags, ListFlags, StartFlags } from '../flags.ts';
import { GLOBAL_ALIASES, GLOBAL_FLAGS, ID, asTyped } from './global-flags.ts';
import { limitParser, wholeNumber } from './parsers.ts';

export const startCommand = buildCommand<StartFlags, [string], CliContext>({
  loader: async () => (await import('../impl/start.ts')).start,
  parameters: {
    flags: {
      ...GLOBAL_FLAGS,
      input: { kind: 'parsed', parse: asTyped, placeholder: 'FILE|-', brief: 'The input, JSON or YAML; - reads stdin' },
      id: { kind: 'parsed', parse: asTyped, optional: true, brief: 'Id; the same id and input give the same run' },
      at: { kind: 'parsed', parse: asTyped, optional: true, placeholder: 'ISO', brief: 'First step then, as 2027-01-31T08:00:00Z' },
      set: {
        kind: 'parsed',
        parse: asTyped,
        optional: true,
        variadic: true,
        placeholder: 'k=v',
        brief: 'Set a value in the input by its dotted path',
      },
      onFailure: {
        kind: 'parsed',
        parse: buildChoiceParser(['undo', 'halt']),
        optional: true,
        placeholder: 'what',
        brief: "undo everything, or halt; default: the kind's",
      },
      maxRecoveryAttempts: {
        kind: 'parsed',
        parse: wholeNumber,
        optional: true,
        placeholder: 'n',
        brief: 'How often it may be recovered; 3',
      },
      as: { kind: 'parsed', parse: asTyped, optional: true, placeholder: 'NAME', brief: 'Who starts it; CEREBROS_USER, else nobody' },
      wait: { kind: 'boolean', optional: true, withNegated: false, brief: 'Wait for its end; exit 1 unless completed' },
    },
    aliases: GLOBAL_ALIASES,
    positional: { kind: 'tuple', parameters: [{ brief: 'What to run, as training-run or proof', placeholder: 'KIND', parse: asTyped }] },
  },
  docs: {
    brief: 'Start a run',
    fullDescription: 'Start a run. It goes on whatever becomes of this terminal;\nCtrl-C ends only the waiting.',
  },
});

export const listCommand = buildCommand<ListFlags, [], CliContext>({
  loader: async () => (await import('../impl/list.ts')).list,
  parameters: {
    flags: {
      ...GLOBAL_FLAGS,
      kind: { kind: 'parsed', parse: asTyped, optional: true, brief: 'Only runs of this kind' },
      status: { kind: 'parsed', parse: asTyped, optional: true, brief: 'Only runs of this status' },
      active: { kind: 'boolean', optional: true, withNegated: false, brief: 'Only runs in which something may still move' },
      failed: { kind: 'boolean', optional: true, withNegated: false, brief: 'Only runs that ended or halted by a failure' },
      recoverable: { kind: 'boolean', optional: true, withNegated: false, brief: 'Only halted runs that may be recovered' },
      limit: { kind: 'parsed', parse: limitParser, optional: true, placeholder: 'n', brief: 'At most this many, 1 to 1000; 100' },
    },
    aliases: GLOBAL_ALIASES,
  },
  docs: { brief: 'List runs, newest first' },
});

export const showCommand = buildCommand<IdFlags, [string], CliContext>({
  loader: async () => (await import('../impl/show.ts')).show,
  parameters: { flags: GLOBAL_FLAGS, aliases: GLOBAL_ALIASES, positional: ID },
  docs: { brief: 'Show a run and its steps' },
});

export const progressCommand = buildCommand<IdFlags, [string], CliContext>({
  loader: async () => (await import('../impl/progress.ts')).progress,
  parameters: { flags: GLOBAL_FLAGS, aliases: GLOBAL_ALIASES, positional: ID },
  docs: { brief: 'Exact progress of a run' },
});

export const watchCommand = buildCommand<IdFlags, [string], CliContext>({
  loader: async () => (await import('../impl/watch.ts')).watch,
  parameters: { flags: GLOBAL_FLAGS, aliases: GLOBAL_ALIASES, positional: ID },
  docs: {
    brief: 'Follow a run until it has closed',
    fullDescription: 'Follow a run until it has closed: redrawn on a terminal,\na line for each change when piped.',
  },
});
