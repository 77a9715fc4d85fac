import { wakeUpdate } from '../contracts/messages.ts';
import type { Cerebros } from './connect.ts';
import type { ControlResult } from './control.ts';
import { updateRun } from './update-run.ts';

/**
 * Ends the sleep of a step early; it is called again at once. `step` is a name or an index. Throws UserErrors: RUN_NOT_FOUND (exit
 * 4), REFUSED (5) for a step that does not sleep, NO_WORKER (5) after about 10 s.
 */
export async function wake(cerebros: Cerebros, id: string, step: string): Promise<ControlResult> {
  const { status } = await updateRun(cerebros, id, wakeUpdate, { step });
  return { execution_id: id, status };
}
