import type { CommandContext, StricliProcess } from '@stricli/core';
import type { Cerebros } from '../client/connect.ts';

/** The part of `process` that commands may change or write to. */
export interface CliProcess extends StricliProcess {
  exitCode?: number | string | null;
}

/** Everything outside that a command may touch; tests hand in their own. */
export interface CliContext extends CommandContext {
  readonly process: CliProcess;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  readonly cwd: string;
  readonly stdin: AsyncIterable<Uint8Array | string>;
  /** Is stdout a terminal? */
  readonly tty: boolean;
  /** Size of the terminal, or 80 by 24. */
  readonly size: () => { readonly columns: number; readonly rows: number };
  /** A client of the stack that the flags name; opens nothing yet. */
  readonly connect: (flags: GlobalFlags, warn: (message: string) => void) => Promise<Cerebros>;
}

/** How data is printed: one JSON document, a JSON document a line, or text for people. */
export type OutputMode = 'json' | 'jsonl' | 'text';

/** Flags of every command. */
export interface GlobalFlags {
  readonly output?: OutputMode;
  readonly address?: string;
  readonly namespace?: string;
  readonly profile?: string;
  readonly dataDir?: string;
  readonly debug?: boolean;
}
