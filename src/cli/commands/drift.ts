import { buildCommand } from '@stricli/core';
import type { CliContext } from '../context.ts';
import type { DriftFlags } from '../flags.ts';
import { GLOBAL_ALIASES, GLOBAL_FLAGS, asTyped } from './global-flags.ts';

export const driftCommand = buildCommand<DriftFlags, [], CliContext>({
  loader: async () => (await import('../impl/drift.ts')).drift,
  parameters: {
    flags: {
      ...GLOBAL_FLAGS,
      stack: { kind: 'parsed', parse: asTyped, optional: true, placeholder: 'name', brief: 'Only this stack; all, and what is of none' },
      apply: { kind: 'boolean', optional: true, withNegated: false, brief: 'Restore what has drifted, once it is approved' },
      as: { kind: 'parsed', parse: asTyped, optional: true, placeholder: 'NAME', brief: 'Who asks for that; CEREBROS_USER, else nobody' },
      wait: { kind: 'boolean', optional: true, withNegated: false, brief: 'Wait for the end of that; exit 1 unless completed' },
    },
    aliases: GLOBAL_ALIASES,
  },
  docs: { brief: 'Compare the cloud with how it is meant to be' },
});
