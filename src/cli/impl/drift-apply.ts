import { restoreDrift, type Restore } from '../../client/provision/restore.ts';
import { waitClosed } from '../../client/wait.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import type { DriftFlags } from '../flags.ts';
import { outputOf } from '../output.ts';
import { stackPlanText } from '../text/stack-plan-text.ts';
import { useCerebros } from '../use-cerebros.ts';
import { userOf } from '../user.ts';

/** `drift --apply` */
export async function applyDrift(context: CliContext, flags: DriftFlags): Promise<void> {
  const output = outputOf(context, flags);
  await useCerebros(context, flags, async (cerebros) => {
    const restores = await restoreDrift(cerebros, { stack: flags.stack, as: flags.as ?? userOf(context) });
    const text = (restore: Restore): string => `${stackPlanText(restore, output.colors)}${runLine(restore)}`;
    output.data(restores, () => (restores.length === 0 ? 'no drift: nothing to restore' : restores.map(text).join('\n\n')));
    for (const { run } of restores) if (run) output.note(`next: cerebros approve ${run.execution_id} approve   (or reject)`);
    if (!flags.wait) return;
    for (const { run } of restores) {
      if (run && (await waitClosed(cerebros, run.execution_id)).status !== 'completed') context.process.exitCode = EXIT.bad;
    }
  });
}

function runLine({ run }: Restore): string {
  return run ? `\n  ${run.execution_id} restores it once it is approved` : '';
}
