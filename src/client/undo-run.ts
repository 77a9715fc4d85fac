import type { SagaRun } from '../contracts/ledger.ts';
import { callTemporal, type Cerebros } from './connect.ts';
import { describeRun } from './describe.ts';
import { reenter } from './reenter.ts';
import { planRollback } from './reentry.ts';
import { waitClosed } from './wait.ts';

/**
 * Undoes a run whatever state it is in, and waits for its end: an open one is cancelled, one that completed, halted or was ended by
 * Temporal is rolled back, one that has undone itself is left alone. Undefined when there is none of this id.
 */
export async function undoRun(cerebros: Cerebros, id: string, signal: AbortSignal): Promise<SagaRun | undefined> {
  const description = await describeRun(cerebros, id);
  if (!description) return undefined;
  if (description.status.name === 'RUNNING') {
    await callTemporal(cerebros, (client) => client.workflow.getHandle(id).cancel());
    return waitClosed(cerebros, id, { signal });
  }
  const run = await waitClosed(cerebros, id, { signal });
  const undone = run.status === 'rolled_back' || run.status === 'cancelled' || run.status === 'failed';
  if (undone && run.completed_at !== null) return run;
  await reenter(cerebros, id, {
    plan: (folded) => planRollback(folded, { completed_too: true, reason: 'cancelled' }),
    status: 'compensating',
  });
  return waitClosed(cerebros, id, { signal });
}
