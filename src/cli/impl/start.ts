import { startSaga, type StartedRun } from '../../client/start.ts';
import { waitClosed } from '../../client/wait.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import type { StartFlags } from '../flags.ts';
import { outputOf, type Output } from '../output.ts';
import { readInput } from '../read-input.ts';
import { nextHint, runText } from '../text/run-text.ts';
import { table } from '../text/table.ts';
import { useCerebros } from '../use-cerebros.ts';
import { userOf } from '../user.ts';

/** `start KIND` */
export async function start(this: CliContext, flags: StartFlags, kind: string): Promise<void> {
  const output = outputOf(this, flags);
  const { value, base_dir } = await readInput(this, flags.input, flags.set);
  await useCerebros(this, flags, async (cerebros) => {
    const { id, at, onFailure: on_failure, maxRecoveryAttempts: max_recovery_attempts } = flags;
    const as = flags.as ?? userOf(this);
    const started = await startSaga(cerebros, { kind, input: value, id, at, on_failure, max_recovery_attempts, as, base_dir });
    if (!flags.wait) return sayStarted(output, started);
    output.note(`started ${started.execution_id}; waiting for it to close (Ctrl-C ends only the waiting)`);
    const run = await waitClosed(cerebros, started.execution_id);
    output.data(run, () => runText(run, output.colors));
    output.note(nextHint(run));
    if (run.status !== 'completed') this.process.exitCode = EXIT.bad;
  });
}

function sayStarted(output: Output, started: StartedRun): void {
  output.data(started, () => table(Object.entries(started).map(([name, value]) => [name, value ?? '-'])));
  output.note(`next: cerebros watch ${started.execution_id}`);
}
