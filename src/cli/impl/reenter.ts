import type { Cerebros } from '../../client/connect.ts';
import { recoverRun } from '../../client/recover.ts';
import type { ReentryResult } from '../../client/reenter.ts';
import type { StepRef } from '../../client/reentry.ts';
import { rollbackRun } from '../../client/rollback.ts';
import { retryUndo } from '../../client/undo-retry.ts';
import { waitClosed } from '../../client/wait.ts';
import type { SagaRun } from '../../contracts/ledger.ts';
import type { CliContext, GlobalFlags } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import type { RecoverFlags, RollbackFlags } from '../flags.ts';
import { outputOf, type Output } from '../output.ts';
import { nextHint, runText } from '../text/run-text.ts';
import { table, type Row } from '../text/table.ts';
import { useCerebros } from '../use-cerebros.ts';

/** `recover ID --from-step N` */
export function recover(this: CliContext, flags: RecoverFlags, id: string): Promise<void> {
  const enter = (cerebros: Cerebros): Promise<ReentryResult> =>
    recoverRun(cerebros, id, { from_step: flags.fromStep, dry_run: flags.dryRun });
  return reenter(this, flags, { enter, wait: flags.wait, good: (run) => run.status === 'completed' });
}

/** `rollback ID` */
export function rollback(this: CliContext, flags: RollbackFlags, id: string): Promise<void> {
  const enter = (cerebros: Cerebros): Promise<ReentryResult> => rollbackRun(cerebros, id, { dry_run: flags.dryRun });
  return reenter(this, flags, { enter, wait: flags.wait, good: isUndone });
}

/** `undo retry ID` */
export function undoRetry(this: CliContext, flags: RollbackFlags, id: string): Promise<void> {
  const enter = (cerebros: Cerebros): Promise<ReentryResult> => retryUndo(cerebros, id, { dry_run: flags.dryRun });
  return reenter(this, flags, { enter, wait: flags.wait, good: isUndone });
}

function isUndone(run: SagaRun): boolean {
  return run.status === 'rolled_back' || run.status === 'cancelled';
}

interface Way {
  readonly enter: (cerebros: Cerebros) => Promise<ReentryResult>;
  /** Wait for the end, and print the run as `show` does? */
  readonly wait: boolean | undefined;
  /** Did the closed run do what the command is for? */
  readonly good: (run: SagaRun) => boolean;
}

async function reenter(context: CliContext, flags: GlobalFlags, { enter, wait, good }: Way): Promise<void> {
  const output = outputOf(context, flags);
  await useCerebros(context, flags, async (cerebros) => {
    const result = await enter(cerebros);
    if (result.dry_run || !wait) return say(output, result);
    output.note(`${result.execution_id} is ${result.status}; waiting for it to close (Ctrl-C ends only the waiting)`);
    const run = await waitClosed(cerebros, result.execution_id);
    output.data(run, () => runText(run, output.colors));
    output.note(nextHint(run));
    if (!good(run)) context.process.exitCode = EXIT.bad;
  });
}

function say(output: Output, result: ReentryResult): void {
  const { reused, undone, run } = result.preview;
  const rows: Row[] = [
    ['reused', names(reused)],
    ['undone', names(undone)],
    ['run', names(run)],
  ];
  output.data(result, () => `${result.execution_id}  ${result.dry_run ? 'dry run, nothing was started' : result.status}\n${table(rows)}`);
  if (!result.dry_run) output.note(`next: cerebros watch ${result.execution_id}`);
}

function names(steps: readonly StepRef[]): string {
  return steps.length === 0 ? '-' : steps.map((step) => `${step.step_idx} ${step.step_name}`).join(', ');
}
