import { buildCommand, buildRouteMap } from '@stricli/core';
import type { CliContext } from '../context.ts';
import type { CancelFlags, IdFlags, RecoverFlags, RollbackFlags, SkipFlags } from '../flags.ts';
import { GLOBAL_ALIASES, GLOBAL_FLAGS, ID, asTyped } from './global-flags.ts';

const WAIT = { kind: 'boolean', default: true, brief: 'Wait for its end; 1 unless all undone' } as const;
const DRY_RUN = { kind: 'boolean', optional: true, withNegated: false, brief: 'Only say what would be undone and run' } as const;

/** The positional arguments of every command about one step. */
export const ID_AND_STEP = {
  kind: 'tuple',
  parameters: [...ID.parameters, { brief: 'Name or index of the step', placeholder: 'STEP', parse: asTyped }],
} as const;

export const pauseCommand = buildCommand<IdFlags, [string], CliContext>({
  loader: async () => (await import('../impl/control.ts')).pause,
  parameters: { flags: GLOBAL_FLAGS, aliases: GLOBAL_ALIASES, positional: ID },
  docs: { brief: 'Start no new step; running ones finish, timers run on' },
});

export const resumeCommand = buildCommand<IdFlags, [string], CliContext>({
  loader: async () => (await import('../impl/control.ts')).resume,
  parameters: { flags: GLOBAL_FLAGS, aliases: GLOBAL_ALIASES, positional: ID },
  docs: { brief: 'Go on after a pause' },
});

export const haltCommand = buildCommand<IdFlags, [string], CliContext>({
  loader: async () => (await import('../impl/control.ts')).halt,
  parameters: { flags: GLOBAL_FLAGS, aliases: GLOBAL_ALIASES, positional: ID },
  docs: { brief: 'Stop at the next step boundary and keep everything' },
});

export const cancelCommand = buildCommand<CancelFlags, [string], CliContext>({
  loader: async () => (await import('../impl/control.ts')).cancel,
  parameters: {
    flags: {
      ...GLOBAL_FLAGS,
      afterStep: { kind: 'boolean', optional: true, withNegated: false, brief: 'Let the running steps finish first' },
    },
    aliases: GLOBAL_ALIASES,
    positional: ID,
  },
  docs: { brief: 'Stop the running step now and undo everything' },
});

export const skipCommand = buildCommand<SkipFlags, [string, string], CliContext>({
  loader: async () => (await import('../impl/control.ts')).skip,
  parameters: {
    flags: { ...GLOBAL_FLAGS, result: { kind: 'parsed', parse: asTyped, placeholder: 'FILE|-', brief: "The step's result, JSON or YAML" } },
    aliases: GLOBAL_ALIASES,
    positional: ID_AND_STEP,
  },
  docs: { brief: 'Take the given result for a step that has not started' },
});

export const wakeCommand = buildCommand<IdFlags, [string, string], CliContext>({
  loader: async () => (await import('../impl/wake.ts')).wakeStep,
  parameters: { flags: GLOBAL_FLAGS, aliases: GLOBAL_ALIASES, positional: ID_AND_STEP },
  docs: { brief: 'End the sleep of a step early' },
});

export const recoverCommand = buildCommand<RecoverFlags, [string], CliContext>({
  loader: async () => (await import('../impl/reenter.ts')).recover,
  parameters: {
    flags: {
      ...GLOBAL_FLAGS,
      fromStep: { kind: 'parsed', parse: asTyped, placeholder: 'N', brief: 'Name or index of the first step that runs again' },
      dryRun: DRY_RUN,
      wait: { kind: 'boolean', optional: true, withNegated: false, brief: 'Wait for its end; exit 1 unless completed' },
    },
    aliases: GLOBAL_ALIASES,
    positional: ID,
  },
  docs: { brief: 'Go on from step N; what ran from there on is undone first' },
});

export const rollbackCommand = buildCommand<RollbackFlags, [string], CliContext>({
  loader: async () => (await import('../impl/reenter.ts')).rollback,
  parameters: { flags: { ...GLOBAL_FLAGS, dryRun: DRY_RUN, wait: WAIT }, aliases: GLOBAL_ALIASES, positional: ID },
  docs: { brief: 'Undo a run that has ended without undo' },
});

const undoRetryCommand = buildCommand<RollbackFlags, [string], CliContext>({
  loader: async () => (await import('../impl/reenter.ts')).undoRetry,
  parameters: { flags: { ...GLOBAL_FLAGS, dryRun: DRY_RUN, wait: WAIT }, aliases: GLOBAL_ALIASES, positional: ID },
  docs: { brief: 'Undo again what is stuck' },
});

export const undoRoutes = buildRouteMap({ routes: { retry: undoRetryCommand }, docs: { brief: 'Undos that did not succeed' } });
