import type { Json } from '../contracts/ledger.ts';
import { getRun } from '../ledger/queries/get-run.ts';
import { callLedger, callTemporal, type Cerebros } from './connect.ts';
import { isNotFound } from './errors.ts';
import { firstEvent } from './first-event.ts';

/** What the run of this id was started with; undefined when there is none. */
export async function inputOfRun(cerebros: Cerebros, id: string): Promise<Json | undefined> {
  const row = await callLedger(cerebros, (sql) => getRun(sql, id));
  if (row) return row.inputs;
  try {
    return (await callTemporal(cerebros, (client) => firstEvent(client, id))).input;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
