import { buildChoiceParser, buildCommand } from '@stricli/core';
import type { CliContext } from '../context.ts';
import type { GraphFlags, PlanFlags } from '../flags.ts';
import { GLOBAL_ALIASES, GLOBAL_FLAGS, asTyped } from './global-flags.ts';

export const planCommand = buildCommand<PlanFlags, [string], CliContext>({
  loader: async () => (await import('../impl/plan.ts')).plan,
  parameters: {
    flags: {
      ...GLOBAL_FLAGS,
      input: { kind: 'parsed', parse: asTyped, placeholder: 'FILE|-', brief: 'The input, JSON or YAML; - reads stdin' },
      set: {
        kind: 'parsed',
        parse: asTyped,
        optional: true,
        variadic: true,
        placeholder: 'k=v',
        brief: 'Set a value in the input by its dotted path',
      },
    },
    aliases: GLOBAL_ALIASES,
    positional: { kind: 'tuple', parameters: [{ brief: 'What would run', placeholder: 'KIND', parse: asTyped }] },
  },
  docs: { brief: 'What would run and be undone; starts nothing' },
});

export const graphCommand = buildCommand<GraphFlags, [string], CliContext>({
  loader: async () => (await import('../impl/graph.ts')).graph,
  parameters: {
    flags: {
      ...GLOBAL_FLAGS,
      format: {
        kind: 'parsed',
        parse: buildChoiceParser(['mermaid', 'text']),
        optional: true,
        placeholder: 'form',
        brief: 'mermaid or text (default)',
      },
      input: { kind: 'parsed', parse: asTyped, optional: true, placeholder: 'FILE|-', brief: 'Input of a KIND whose plan depends on it' },
    },
    aliases: GLOBAL_ALIASES,
    positional: {
      kind: 'tuple',
      parameters: [{ brief: "A kind, or a run's id for its live state", placeholder: 'KIND|ID', parse: asTyped }],
    },
  },
  docs: { brief: 'The steps as a graph, with live state for a run' },
});
