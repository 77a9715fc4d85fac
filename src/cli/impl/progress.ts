import { progressOfRun } from '../../client/progress.ts';
import type { CliContext } from '../context.ts';
import type { IdFlags } from '../flags.ts';
import { outputOf } from '../output.ts';
import { progressText } from '../text/progress-text.ts';
import { useCerebros } from '../use-cerebros.ts';

/** Most tasks that the text shows. */
const TASKS_MAX = 100;

/** `progress ID` */
export async function progress(this: CliContext, flags: IdFlags, id: string): Promise<void> {
  const output = outputOf(this, flags);
  const object = await useCerebros(this, flags, (cerebros) => progressOfRun(cerebros, id));
  output.data(object, () => progressText(object, output.colors, TASKS_MAX));
}
