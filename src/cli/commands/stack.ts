import { buildCommand } from '@stricli/core';
import { parsePort, type PortChoice } from '../../stack/ports.ts';
import type { CliContext } from '../context.ts';
import type { CloudEmulatorFlags } from '../impl/cloud-emulator.ts';
import type { DevFlags, WorkerFlags } from '../flags.ts';
import { GLOBAL_ALIASES, GLOBAL_FLAGS, asTyped } from './global-flags.ts';

/** A port for a flag: a number, or `auto` for any free one. */
function portFor(flag: string): (text: string) => PortChoice {
  return (text) => parsePort(text, flag);
}

export const devCommand = buildCommand<DevFlags, [], CliContext>({
  loader: async () => (await import('../impl/dev.ts')).dev,
  parameters: {
    flags: {
      ...GLOBAL_FLAGS,
      port: { kind: 'parsed', parse: portFor('--port'), optional: true, placeholder: 'port', brief: "Temporal's port; 7233" },
      uiPort: { kind: 'parsed', parse: portFor('--ui-port'), optional: true, placeholder: 'port', brief: "Temporal Web's port; 8233" },
      ledgerPort: { kind: 'parsed', parse: portFor('--ledger-port'), optional: true, placeholder: 'port', brief: "Postgres's port; 5433" },
      webPort: { kind: 'parsed', parse: portFor('--web-port'), optional: true, placeholder: 'port', brief: "The page's port; 8787" },
    },
    aliases: GLOBAL_ALIASES,
  },
  docs: {
    brief: 'Run Temporal, Postgres and a worker in this terminal',
    fullDescription: [
      'Run Temporal, Postgres and a worker in this terminal. Ctrl-C stops them in',
      'order, a second one at once. With TEMPORAL_ADDRESS or DATABASE_URL set,',
      'those are used and not started.',
    ].join('\n'),
  },
});

export const workerCommand = buildCommand<WorkerFlags, [], CliContext>({
  loader: async () => (await import('../impl/worker.ts')).worker,
  parameters: {
    flags: {
      ...GLOBAL_FLAGS,
      queues: {
        kind: 'parsed',
        parse: asTyped,
        optional: true,
        variadic: ',',
        placeholder: 'a,b',
        brief: 'Task queues to serve; all of ours',
      },
    },
    aliases: GLOBAL_ALIASES,
  },
  docs: { brief: 'Run a worker' },
});

export const cloudEmulatorCommand = buildCommand<CloudEmulatorFlags, [], CliContext>({
  loader: async () => (await import('../impl/cloud-emulator.ts')).cloudEmulator,
  parameters: {
    flags: {
      ...GLOBAL_FLAGS,
      port: { kind: 'parsed', parse: portFor('--port'), optional: true, placeholder: 'port', brief: 'Its port, or auto; 8484' },
      stateFile: {
        kind: 'parsed',
        parse: asTyped,
        optional: true,
        placeholder: 'FILE',
        brief: 'Keeps what it knows there; default: nowhere',
      },
    },
    aliases: GLOBAL_ALIASES,
  },
  docs: { brief: "Run a server that behaves like DigitalOcean's API" },
});
