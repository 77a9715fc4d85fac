import { cancelSaga, cancelRunAfterStep, haltRun, pauseRun, resumeRun, skipStep, type ControlResult } from '../../client/control.ts';
import type { Cerebros } from '../../client/connect.ts';
import type { Json } from '../../contracts/ledger.ts';
import type { CliContext, GlobalFlags } from '../context.ts';
import type { CancelFlags, IdFlags, SkipFlags } from '../flags.ts';
import { outputOf } from '../output.ts';
import { readInput } from '../read-input.ts';
import { useCerebros } from '../use-cerebros.ts';

/** `pause ID` */
export function pause(this: CliContext, flags: IdFlags, id: string): Promise<void> {
  return control(this, flags, (cerebros) => pauseRun(cerebros, id));
}

/** `resume ID` */
export function resume(this: CliContext, flags: IdFlags, id: string): Promise<void> {
  return control(this, flags, (cerebros) => resumeRun(cerebros, id));
}

/** `halt ID` */
export function halt(this: CliContext, flags: IdFlags, id: string): Promise<void> {
  return control(this, flags, (cerebros) => haltRun(cerebros, id));
}

/** `cancel ID` */
export function cancel(this: CliContext, flags: CancelFlags, id: string): Promise<void> {
  return control(this, flags, (cerebros) => (flags.afterStep ? cancelRunAfterStep(cerebros, id) : cancelSaga(cerebros, id)));
}

/** `skip ID STEP` */
export async function skip(this: CliContext, flags: SkipFlags, id: string, step: string): Promise<void> {
  const { value } = await readInput(this, flags.result);
  await control(this, flags, (cerebros) => skipStep(cerebros, id, step, value as Json));
}

async function control(context: CliContext, flags: GlobalFlags, act: (cerebros: Cerebros) => Promise<ControlResult>): Promise<void> {
  const output = outputOf(context, flags);
  const result = await useCerebros(context, flags, act);
  output.data(result, () => `${result.execution_id}  ${result.status}`);
  output.note(`next: cerebros watch ${result.execution_id}`);
}
