import type { SagaRunRow } from '../contracts/ledger.ts';
import { listRuns, type RunFilter } from '../ledger/queries/list-runs.ts';
import { callLedger, type Cerebros } from './connect.ts';

/** Runs that fit every filter given, newest first, without their steps. Throws LEDGER_UNREACHABLE (exit 3). */
export function listSagas(cerebros: Cerebros, filter: RunFilter = {}): Promise<SagaRunRow[]> {
  return callLedger(cerebros, (sql) => listRuns(sql, filter));
}
