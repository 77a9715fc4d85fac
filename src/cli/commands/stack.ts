import { buildCommand } from '@stricli/core';
import type { CliContext } from '../context.ts';
import type { DevFlags, WorkerFlags } from '../flags.ts';
import { GLOBAL_ALIASES, GLOBAL_FLAGS, asTyped } from './global-flags.ts';
import { portNumber } from './parsers.ts';

export const devCommand = buildCommand<DevFlags, [], CliContext>({
  loader: async () => (await import('../impl/dev.ts')).dev,
  parameters: {
    flags: {
      ...GLOBAL_FLAGS,
      port: { kind: 'parsed', parse: portNumber, optional: true, placeholder: 'port', brief: "Temporal's port; 7233" },
      uiPort: { kind: 'parsed', parse: portNumber, optional: true, placeholder: 'port', brief: "Temporal Web's port; 8233" },
      ledgerPort: { kind: 'parsed', parse: portNumber, optional: true, placeholder: 'port', brief: "Postgres's port; 5433" },
      webPort: { kind: 'parsed', parse: portNumber, optional: true, placeholder: 'port', brief: "The page's port; 8787" },
    },
    aliases: GLOBAL_ALIASES,
  },
  docs: {
    brief: 'Run Temporal, Postgres and a worker in this terminal',
    fullDescription: 'Run Temporal, Postgres and a worker in this terminal. Ctrl-C stops them in order, a second one at once. With TEMPORAL_ADDRESS or DATABASE_URL set, those are used and not started.',
  },
});

export const workerCommand = buildCommand<WorkerFlags, [], CliContext>({
  loader: async () => (await import('../impl/worker.ts')).worker,
  parameters: {
    flags: { ...GLOBAL_FLAGS, queues: { kind: 'parsed', parse: asTyped, optional: true, variadic: ',', placeholder: 'a,b', brief: 'Task queues to serve; all of ours' } },
    aliases: GLOBAL_ALIASES,
  },
  docs: { brief: 'Run a worker' },
});
