import { deletePendingRun } from '../ledger/queries/delete-pending-run.ts';
import { insertPendingRun, type PendingRun } from '../ledger/queries/insert-pending-run.ts';
import { within } from './bounded.ts';
import { callLedger, type Cerebros } from './connect.ts';

/** A start waits no longer than this for the ledger, in ms. */
const LEDGER_MS = 500;

/** `exists`: the ledger had a row of this id already; `unknown`: it did not answer in time. */
export type Noted = 'noted' | 'exists' | 'unknown';

/** Notes a run before it starts; a start goes on without the ledger, with a warning. */
export async function notePendingRun(cerebros: Cerebros, run: PendingRun): Promise<Noted> {
  try {
    const inserting = callLedger(cerebros, (sql) => insertPendingRun(sql, run));
    const inserted = await within(LEDGER_MS, inserting, () => {
      throw new Error(`no answer within ${LEDGER_MS} ms`);
    });
    return inserted ? 'noted' : 'exists';
  } catch (error) {
    cerebros.warn(`the ledger did not take the new run; starting without it: ${error instanceof Error ? error.message : String(error)}`);
    return 'unknown';
  }
}

/** Takes the note back when the start failed. A run that started all the same writes its own row. */
export async function forgetPendingRun(cerebros: Cerebros, id: string): Promise<void> {
  const deleting = callLedger(cerebros, (sql) => deletePendingRun(sql, id)).catch(() => false);
  await within(LEDGER_MS, deleting, () => false);
}
