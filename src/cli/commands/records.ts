import { buildCommand, buildRouteMap } from '@stricli/core';
import type { CliContext, GlobalFlags } from '../context.ts';
import type { EventsFlags, HistoryFlags, IdFlags, LimitFlags } from '../flags.ts';
import { GLOBAL_ALIASES, GLOBAL_FLAGS, ID, asTyped } from './global-flags.ts';
import { limitParser, wholeNumber } from './parsers.ts';

const eventsTailCommand = buildCommand<EventsFlags, [], CliContext>({
  loader: async () => (await import('../impl/events-tail.ts')).eventsTail,
  parameters: {
    flags: {
      ...GLOBAL_FLAGS,
      topic: { kind: 'parsed', parse: asTyped, optional: true, brief: "Pattern: * one segment, ** any; 'cerebros.**'" },
      follow: { kind: 'boolean', optional: true, withNegated: false, brief: 'Go on with new events as they come' },
      from: {
        kind: 'parsed',
        parse: wholeNumber,
        optional: true,
        placeholder: 'SEQ',
        brief: 'From this sequence number; else the last 20',
      },
    },
    aliases: GLOBAL_ALIASES,
  },
  docs: { brief: 'Print events' },
});

const MAYBE_ID = {
  kind: 'tuple',
  parameters: [{ brief: 'Only this run; all without', placeholder: 'ID', parse: asTyped, optional: true }],
} as const;

const ledgerVerifyCommand = buildCommand<GlobalFlags, [string | undefined], CliContext>({
  loader: async () => (await import('../impl/ledger.ts')).ledgerVerify,
  parameters: { flags: GLOBAL_FLAGS, aliases: GLOBAL_ALIASES, positional: MAYBE_ID },
  docs: { brief: "Compare the ledger with Temporal's history; exit 1 when they differ" },
});

const ledgerRebuildCommand = buildCommand<GlobalFlags, [string | undefined], CliContext>({
  loader: async () => (await import('../impl/ledger.ts')).ledgerRebuild,
  parameters: { flags: GLOBAL_FLAGS, aliases: GLOBAL_ALIASES, positional: MAYBE_ID },
  docs: { brief: "Write the ledger's rows from Temporal's history" },
});

export const eventsRoutes = buildRouteMap({ routes: { tail: eventsTailCommand }, docs: { brief: 'The event bus' } });

export const ledgerRoutes = buildRouteMap({
  routes: { verify: ledgerVerifyCommand, rebuild: ledgerRebuildCommand },
  docs: { brief: 'The ledger in Postgres' },
});

export const historyCommand = buildCommand<HistoryFlags, [string], CliContext>({
  loader: async () => (await import('../impl/history.ts')).history,
  parameters: {
    flags: { ...GLOBAL_FLAGS, runId: { kind: 'parsed', parse: asTyped, optional: true, brief: 'A run of this id other than the latest' } },
    aliases: GLOBAL_ALIASES,
    positional: ID,
  },
  docs: { brief: "Temporal's history of a run, as JSON for replay" },
});

export const replayCommand = buildCommand<GlobalFlags, string[], CliContext>({
  loader: async () => (await import('../impl/replay.ts')).replay,
  parameters: {
    flags: GLOBAL_FLAGS,
    aliases: GLOBAL_ALIASES,
    positional: { kind: 'array', parameter: { brief: 'A history as JSON', placeholder: 'FILE', parse: asTyped }, minimum: 1 },
  },
  docs: { brief: 'Replay histories against the workflows; exit 1 when one fails' },
});

export const predictCommand = buildCommand<GlobalFlags, [string, string], CliContext>({
  loader: async () => (await import('../impl/predict.ts')).predict,
  parameters: {
    flags: GLOBAL_FLAGS,
    aliases: GLOBAL_ALIASES,
    positional: {
      kind: 'tuple',
      parameters: [
        { brief: "A model's id", placeholder: 'MODEL', parse: asTyped },
        { brief: 'An image', placeholder: 'FILE', parse: asTyped },
      ],
    },
  },
  docs: { brief: 'Ask a trained model what it sees in an image' },
});

const modelsListCommand = buildCommand<LimitFlags, [], CliContext>({
  loader: async () => (await import('../impl/models.ts')).modelsList,
  parameters: {
    flags: {
      ...GLOBAL_FLAGS,
      limit: { kind: 'parsed', parse: limitParser, optional: true, placeholder: 'n', brief: 'At most this many, 1 to 1000; 100' },
    },
    aliases: GLOBAL_ALIASES,
  },
  docs: { brief: 'List trained models, newest first' },
});

const modelsShowCommand = buildCommand<IdFlags, [string], CliContext>({
  loader: async () => (await import('../impl/models.ts')).modelsShow,
  parameters: {
    flags: GLOBAL_FLAGS,
    aliases: GLOBAL_ALIASES,
    positional: { kind: 'tuple', parameters: [{ brief: "A model's id", placeholder: 'ID', parse: asTyped }] },
  },
  docs: { brief: 'Show a trained model' },
});

export const modelsRoutes = buildRouteMap({
  routes: { list: modelsListCommand, show: modelsShowCommand },
  docs: { brief: 'Trained models' },
});
