import type { Cerebros } from '../client/connect.ts';
import type { StartedRun } from '../client/start.ts';
import { waitClosed } from '../client/wait.ts';
import type { CliContext } from './context.ts';
import { EXIT } from './exit-codes.ts';
import type { Output } from './output.ts';
import { nextHint, runText } from './text/run-text.ts';
import { table } from './text/table.ts';

/** A run that a command has started. */
export interface SaidRun {
  readonly cerebros: Cerebros;
  readonly output: Output;
  readonly started: StartedRun;
  /** Whether to wait for its end. */
  readonly wait: boolean;
}

/** Prints what was started; or waits for its end and prints that, with exit code 1 unless it completed. */
export async function sayRun(context: CliContext, { cerebros, output, started, wait }: SaidRun): Promise<void> {
  if (!wait) return sayStarted(output, started);
  output.note(`started ${started.execution_id}; waiting for it to close (Ctrl-C ends only the waiting)`);
  const run = await waitClosed(cerebros, started.execution_id);
  output.data(run, () => runText(run, output.colors));
  output.note(nextHint(run));
  if (run.status !== 'completed') context.process.exitCode = EXIT.bad;
}

function sayStarted(output: Output, started: StartedRun): void {
  output.data(started, () => table(Object.entries(started).map(([name, value]) => [name, value ?? '-'])));
  output.note(`next: cerebros watch ${started.execution_id}`);
}
