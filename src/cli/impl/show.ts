import { showRun } from '../../client/show.ts';
import type { CliContext } from '../context.ts';
import type { IdFlags } from '../flags.ts';
import { outputOf } from '../output.ts';
import { nextHint, runText } from '../text/run-text.ts';
import { useCerebros } from '../use-cerebros.ts';

/** `show ID` */
export async function show(this: CliContext, flags: IdFlags, id: string): Promise<void> {
  const output = outputOf(this, flags);
  const run = await useCerebros(this, flags, (cerebros) => showRun(cerebros, id));
  output.data(run, () => runText(run, output.colors));
  output.note(nextHint(run));
}
