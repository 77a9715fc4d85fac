import { buildCommand } from '@stricli/core';
import type { CliContext } from '../context.ts';
import type { ApprovalsFlags, DecideFlags } from '../impl/approvals.ts';
import { ID_AND_STEP } from './controls.ts';
import { GLOBAL_ALIASES, GLOBAL_FLAGS, ID, asTyped } from './global-flags.ts';
import { limitParser } from './parsers.ts';

export const approvalsCommand = buildCommand<ApprovalsFlags, [string | undefined], CliContext>({
  loader: async () => (await import('../impl/approvals.ts')).approvals,
  parameters: {
    flags: {
      ...GLOBAL_FLAGS,
      as: { kind: 'parsed', parse: asTyped, optional: true, placeholder: 'NAME', brief: 'Only what this person may decide' },
      all: { kind: 'boolean', optional: true, withNegated: false, brief: 'What has been decided too' },
      limit: { kind: 'parsed', parse: limitParser, optional: true, placeholder: 'n', brief: 'At most this many, 1 to 1000; 100' },
    },
    aliases: GLOBAL_ALIASES,
    positional: { kind: 'tuple', parameters: [{ ...ID.parameters[0], brief: 'Only this run; all without', optional: true }] },
  },
  docs: { brief: 'List what waits for a decision, the longest first' },
});

const DECIDE_FLAGS = {
  ...GLOBAL_FLAGS,
  as: { kind: 'parsed', parse: asTyped, optional: true, placeholder: 'NAME', brief: 'Who decides; CEREBROS_USER, else you here' },
  comment: { kind: 'parsed', parse: asTyped, optional: true, placeholder: 'TEXT', brief: 'Why' },
} as const;

export const approveCommand = buildCommand<DecideFlags, [string, string], CliContext>({
  loader: async () => (await import('../impl/approvals.ts')).approve,
  parameters: { flags: DECIDE_FLAGS, aliases: GLOBAL_ALIASES, positional: ID_AND_STEP },
  docs: { brief: 'Say yes to what a step asks for' },
});

export const rejectCommand = buildCommand<DecideFlags, [string, string], CliContext>({
  loader: async () => (await import('../impl/approvals.ts')).reject,
  parameters: { flags: DECIDE_FLAGS, aliases: GLOBAL_ALIASES, positional: ID_AND_STEP },
  docs: { brief: 'Say no to what a step asks for' },
});
