import { buildChoiceParser, type FlagParametersForType } from '@stricli/core';
import type { CliContext, GlobalFlags } from '../context.ts';

/** A flag's value as it was typed. */
export function asTyped(value: string): string {
  return value;
}

/** Flags that every command takes, spelled as in Temporal's CLI. */
export const GLOBAL_FLAGS: FlagParametersForType<GlobalFlags, CliContext> = {
  output: {
    kind: 'parsed',
    parse: buildChoiceParser(['json', 'jsonl', 'text']),
    optional: true,
    placeholder: 'form',
    brief: 'json, jsonl or text (on a terminal)',
  },
  address: { kind: 'parsed', parse: asTyped, optional: true, placeholder: 'host:port', brief: "Temporal's address" },
  namespace: { kind: 'parsed', parse: asTyped, optional: true, placeholder: 'name', brief: "Temporal's namespace" },
  profile: { kind: 'parsed', parse: asTyped, optional: true, placeholder: 'name', brief: "Profile in Temporal's config file" },
  dataDir: { kind: 'parsed', parse: asTyped, optional: true, placeholder: 'dir', brief: "The stack's folder; .cerebros" },
  debug: { kind: 'boolean', optional: true, withNegated: false, brief: 'Print stack traces' },
};

/** Short forms of the same. */
export const GLOBAL_ALIASES = { o: 'output' } as const;

/** The positional argument of every command about one run. */
export const ID = { kind: 'tuple', parameters: [{ brief: "A run's id", placeholder: 'ID', parse: asTyped }] } as const;
