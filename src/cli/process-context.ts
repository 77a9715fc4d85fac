import type { CliContext } from './context.ts';

/** The real world. */
export function processContext(real: NodeJS.Process): CliContext {
  return {
    process: {
      stdout: real.stdout,
      stderr: real.stderr,
      env: real.env,
      get exitCode() {
        return real.exitCode ?? null;
      },
      set exitCode(code) {
        real.exitCode = code ?? undefined;
      },
    },
    env: real.env,
    cwd: real.cwd(),
    stdin: real.stdin,
    // Undefined when piped, whatever its type says.
    tty: real.stdout.isTTY ?? false,
    size: () => ({ columns: real.stdout.columns || 80, rows: real.stdout.rows || 24 }),
    connect: async (flags, warn) => {
      // Loaded late: most of the time `--help` takes would go into Temporal's client.
      const [{ connect }, { resolveConnections }] = await Promise.all([import('../client/connect.ts'), import('../config.ts')]);
      const { address, namespace, profile, dataDir } = flags;
      const connections = resolveConnections({ address, namespace, profile, data_dir: dataDir }, real.env);
      for (const warning of connections.temporal.warnings) warn(warning);
      return connect({ connections, warn });
    },
  };
}
