import { buildCommand, buildRouteMap } from '@stricli/core';
import type { CliContext, GlobalFlags } from '../context.ts';
import type { LimitFlags } from '../flags.ts';
import { GLOBAL_ALIASES, GLOBAL_FLAGS, asTyped } from './global-flags.ts';
import { limitParser } from './parsers.ts';

const listCommand = buildCommand<LimitFlags, [], CliContext>({
  loader: async () => (await import('../impl/datasets.ts')).datasetsList,
  parameters: {
    flags: {
      ...GLOBAL_FLAGS,
      limit: {
        kind: 'parsed',
        parse: limitParser,
        optional: true,
        placeholder: 'n',
        brief: 'At most this many that were built, 1 to 1000; 100',
      },
    },
    aliases: GLOBAL_ALIASES,
  },
  docs: { brief: 'List datasets that trainings can name, newest first' },
});

const showCommand = buildCommand<GlobalFlags, [string], CliContext>({
  loader: async () => (await import('../impl/datasets.ts')).datasetsShow,
  parameters: {
    flags: GLOBAL_FLAGS,
    aliases: GLOBAL_ALIASES,
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'A dataset; the newest version without', placeholder: 'NAME[@VERSION]', parse: asTyped }],
    },
  },
  docs: { brief: 'Show a dataset, where it came from and what was trained on it' },
});

export const datasetsRoutes = buildRouteMap({
  routes: { list: listCommand, show: showCommand },
  docs: { brief: 'Datasets' },
});
