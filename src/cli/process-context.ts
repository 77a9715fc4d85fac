import type { CliContext } from './context.ts';

/** The real world. */
export function processContext(real: NodeJS.Process): CliContext {
  return {
    process: real,
    env: real.env,
    cwd: real.cwd(),
    stdin: real.stdin,
    tty: Boolean(real.stdout.isTTY),
    size: () => ({ columns: real.stdout.columns || 80, rows: real.stdout.rows || 24 }),
    connect: async (flags, warn) => {
      // Loaded late: most of the time `--help` takes would go into Temporal's client.
      const [{ connect }, { resolveConnections }, { resolve }] = await Promise.all([import('../client/connect.ts'), import('../config.ts'), import('node:path')]);
      const { address, namespace, profile, dataDir } = flags;
      const data_dir = dataDir === undefined ? undefined : resolve(real.cwd(), dataDir);
      const connections = resolveConnections({ address, namespace, profile, data_dir }, real.env);
      for (const warning of connections.temporal.warnings) warn(warning);
      return connect({ connections, warn });
    },
  };
}
