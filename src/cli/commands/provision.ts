import { buildCommand, buildRouteMap } from '@stricli/core';
import type { CliContext } from '../context.ts';
import type { ApplyFlags, StackPlanFlags } from '../impl/provision.ts';
import { GLOBAL_ALIASES, GLOBAL_FLAGS, asTyped } from './global-flags.ts';

const planCommand = buildCommand<StackPlanFlags, [], CliContext>({
  loader: async () => (await import('../impl/provision.ts')).plan,
  parameters: {
    flags: {
      ...GLOBAL_FLAGS,
      input: { kind: 'parsed', parse: asTyped, placeholder: 'FILE|-', brief: 'A stack, JSON or YAML; - reads stdin' },
    },
    aliases: GLOBAL_ALIASES,
  },
  docs: {
    brief: 'What it takes to make a stack as written',
    fullDescription:
      'What it takes to make a stack as written: + to make, ~ to change, - to remove.\nLooks at the provider through a worker, and changes nothing there.',
  },
});

const applyCommand = buildCommand<ApplyFlags, [], CliContext>({
  loader: async () => (await import('../impl/provision.ts')).apply,
  parameters: {
    flags: {
      ...GLOBAL_FLAGS,
      input: { kind: 'parsed', parse: asTyped, placeholder: 'FILE|-', brief: 'A plan of `provision plan -o json`, or a stack' },
      id: { kind: 'parsed', parse: asTyped, optional: true, brief: 'Id of the run' },
      as: { kind: 'parsed', parse: asTyped, optional: true, placeholder: 'NAME', brief: 'Who applies it; CEREBROS_USER, else nobody' },
      wait: { kind: 'boolean', optional: true, withNegated: false, brief: 'Wait for its end; exit 1 unless completed' },
    },
    aliases: GLOBAL_ALIASES,
  },
  docs: {
    brief: 'Make a stack as planned, by a saga',
    fullDescription:
      'Make a stack as planned, by a saga that takes all back when a step fails.\nRefused when anything has changed since the plan.',
  },
});

export const provisionRoutes = buildRouteMap({
  routes: { plan: planCommand, apply: applyCommand },
  docs: { brief: 'Stacks of cloud resources' },
});
