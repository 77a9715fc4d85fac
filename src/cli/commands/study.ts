import { buildCommand, buildRouteMap } from '@stricli/core';
import type { CliContext, GlobalFlags } from '../context.ts';
import type { LeaderboardFlags } from '../impl/leaderboard.ts';
import type { EnqueueFlags, ExtendFlags } from '../impl/study.ts';
import { GLOBAL_ALIASES, GLOBAL_FLAGS, ID, asTyped } from './global-flags.ts';
import { limitParser, wholeNumber } from './parsers.ts';

export const leaderboardCommand = buildCommand<LeaderboardFlags, [string], CliContext>({
  loader: async () => (await import('../impl/leaderboard.ts')).leaderboard,
  parameters: {
    flags: {
      ...GLOBAL_FLAGS,
      limit: { kind: 'parsed', parse: limitParser, optional: true, placeholder: 'n', brief: 'At most this many rows, 1 to 1000; all' },
      csv: { kind: 'parsed', parse: asTyped, optional: true, placeholder: 'FILE|-', brief: 'Write the rows as CSV instead; - to stdout' },
    },
    aliases: GLOBAL_ALIASES,
    positional: ID,
  },
  docs: {
    brief: 'The trials of a search, the best first',
    fullDescription:
      'The trials of a search, the best first, with the lead as it came about\nand learning curves. Of an open search as far as it is.',
  },
});

const extendCommand = buildCommand<ExtendFlags, [string], CliContext>({
  loader: async () => (await import('../impl/study.ts')).extend,
  parameters: {
    flags: {
      ...GLOBAL_FLAGS,
      maxTrials: { kind: 'parsed', parse: wholeNumber, placeholder: 'n', brief: 'Trials to start in all, 1 to 10000' },
    },
    aliases: GLOBAL_ALIASES,
    positional: ID,
  },
  docs: { brief: 'Let a search start more trials' },
});

const parallelCommand = buildCommand<GlobalFlags, [string, number], CliContext>({
  loader: async () => (await import('../impl/study.ts')).parallel,
  parameters: {
    flags: GLOBAL_FLAGS,
    aliases: GLOBAL_ALIASES,
    positional: {
      kind: 'tuple',
      parameters: [...ID.parameters, { brief: 'Trials to keep in flight, 1 to 64', placeholder: 'N', parse: wholeNumber }],
    },
  },
  docs: { brief: 'Change how many trials are in flight' },
});

const enqueueCommand = buildCommand<EnqueueFlags, [string], CliContext>({
  loader: async () => (await import('../impl/study.ts')).enqueue,
  parameters: {
    flags: {
      ...GLOBAL_FLAGS,
      params: { kind: 'parsed', parse: asTyped, placeholder: 'FILE|-', brief: 'The configuration, JSON or YAML; - reads stdin' },
    },
    aliases: GLOBAL_ALIASES,
    positional: ID,
  },
  docs: { brief: 'Have a configuration tried next' },
});

const stopCommand = buildCommand<GlobalFlags, [string], CliContext>({
  loader: async () => (await import('../impl/study.ts')).stop,
  parameters: { flags: GLOBAL_FLAGS, aliases: GLOBAL_ALIASES, positional: ID },
  docs: { brief: 'End a search early and keep the best so far' },
});

export const studyRoutes = buildRouteMap({
  routes: { extend: extendCommand, parallel: parallelCommand, enqueue: enqueueCommand, stop: stopCommand },
  docs: { brief: 'Change a search while it runs' },
});
