import { wake } from '../../client/wake.ts';
import type { CliContext } from '../context.ts';
import type { IdFlags } from '../flags.ts';
import { outputOf } from '../output.ts';
import { useCerebros } from '../use-cerebros.ts';

/** `wake ID STEP` */
export async function wakeStep(this: CliContext, flags: IdFlags, id: string, step: string): Promise<void> {
  const output = outputOf(this, flags);
  const result = await useCerebros(this, flags, (cerebros) => wake(cerebros, id, step));
  output.data(result, () => `${result.execution_id}  ${result.status}`);
  output.note(`next: cerebros watch ${result.execution_id}`);
}
