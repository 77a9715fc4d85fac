import { tmpdir } from 'node:os';
import { runCli } from '../../src/cli/app.ts';
import type { CliContext } from '../../src/cli/context.ts';
import type { Cerebros } from '../../src/client/connect.ts';

/** A world for the command line: what comes in, and what stands in for the stack. */
export interface World {
  readonly stdin?: string;
  readonly tty?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly columns?: number;
  /** Told of each write to standard output. */
  readonly onStdout?: (text: string) => void;
  /** Default: throws, for commands that must not connect. */
  readonly connect?: CliContext['connect'];
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in a world of its own. */
export async function cerebros(args: readonly string[], world: World = {}): Promise<Ran> {
  const written = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') => ({
    write: (text: string) => {
      written[name] += text;
      if (name === 'stdout') world.onStdout?.(text);
    },
  });
  const context: CliContext = {
    process: { stdout: stream('stdout'), stderr: stream('stderr'), env: world.env ?? {}, exitCode: null },
    env: world.env ?? {},
    cwd: world.cwd ?? tmpdir(),
    stdin: chunks(world.stdin ?? ''),
    tty: world.tty ?? false,
    size: () => ({ columns: world.columns ?? 80, rows: 24 }),
    connect: world.connect ?? (() => Promise.reject(new Error('this command must not connect'))),
  };
  const code = await runCli(args, context);
  return { code, ...written };
}

async function* chunks(text: string): AsyncGenerator<string> {
  await Promise.resolve();
  yield text;
}

/** A stack whose ledger answers every query with the same rows. */
export function stackWithRows(rows: readonly object[]): CliContext['connect'] {
  const sql = (): Promise<readonly object[]> => Promise.resolve(rows);
  return () =>
    Promise.resolve({ ledger: () => Promise.resolve(sql), warn: () => undefined, close: () => Promise.resolve() } as unknown as Cerebros);
}

/** A stack that fails so at its first use. */
export function stackThatThrows(error: unknown): CliContext['connect'] {
  return () => Promise.reject(error);
}

/** The fault that JSON modes put on stderr. */
export function errorOf({ stderr }: Ran): { readonly code: string; readonly message: string; readonly hint: string } {
  return (JSON.parse(stderr) as { error: { code: string; message: string; hint: string } }).error;
}
