import { buildCommand, buildRouteMap } from '@stricli/core';
import type { CliContext, GlobalFlags } from '../context.ts';
import type { LimitFlags } from '../flags.ts';
import type { RegisterFlags } from '../impl/blueprint.ts';
import { GLOBAL_ALIASES, GLOBAL_FLAGS, asTyped } from './global-flags.ts';
import { limitParser } from './parsers.ts';

const FILE = {
  kind: 'tuple',
  parameters: [{ brief: 'A blueprint, JSON or YAML; - reads stdin', placeholder: 'FILE|-', parse: asTyped }],
} as const;

const validateCommand = buildCommand<GlobalFlags, [string], CliContext>({
  loader: async () => (await import('../impl/blueprint.ts')).validate,
  parameters: { flags: GLOBAL_FLAGS, aliases: GLOBAL_ALIASES, positional: FILE },
  docs: { brief: 'Check a blueprint without registering it' },
});

const registerCommand = buildCommand<RegisterFlags, [string], CliContext>({
  loader: async () => (await import('../impl/blueprint.ts')).register,
  parameters: {
    flags: {
      ...GLOBAL_FLAGS,
      as: { kind: 'parsed', parse: asTyped, optional: true, placeholder: 'NAME', brief: 'Who registers it; CEREBROS_USER, else you here' },
    },
    aliases: GLOBAL_ALIASES,
    positional: FILE,
  },
  docs: { brief: 'Register a version of a blueprint, which never changes then' },
});

const listCommand = buildCommand<LimitFlags, [], CliContext>({
  loader: async () => (await import('../impl/blueprint.ts')).list,
  parameters: {
    flags: {
      ...GLOBAL_FLAGS,
      limit: { kind: 'parsed', parse: limitParser, optional: true, placeholder: 'n', brief: 'At most this many, 1 to 1000; 100' },
    },
    aliases: GLOBAL_ALIASES,
  },
  docs: { brief: 'List registered versions, newest first' },
});

const showCommand = buildCommand<GlobalFlags, [string], CliContext>({
  loader: async () => (await import('../impl/blueprint.ts')).show,
  parameters: {
    flags: GLOBAL_FLAGS,
    aliases: GLOBAL_ALIASES,
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'A version, or the newest of a name', placeholder: 'NAME[@VERSION]', parse: asTyped }],
    },
  },
  docs: { brief: 'Show a registered version' },
});

export const blueprintRoutes = buildRouteMap({
  routes: { validate: validateCommand, register: registerCommand, list: listCommand, show: showCommand },
  docs: { brief: 'Sagas given as data' },
});
