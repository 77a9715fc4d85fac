import { CLOSED_STATUSES } from '../contracts/ledger.ts';
import { runStatuses } from '../ledger/queries/run-statuses.ts';
import { callLedger, type Cerebros } from './connect.ts';
import { describeRun } from './describe.ts';
import { endedByTemporal } from './ended-by-temporal.ts';

/**
 * How a saga stands: `open`, also while its rows have not been written to the end; `closed:` and its status, or `closed:terminated` when
 * Temporal ended it and nothing was undone so far; `not known` when Temporal does not have it and the ledger has no end of it. Throws
 * TEMPORAL_UNREACHABLE and LEDGER_UNREACHABLE (exit 3).
 */
export async function runState(cerebros: Cerebros, id: string): Promise<'open' | `closed:${string}` | 'not known'> {
  const description = await describeRun(cerebros, id);
  if (description?.status.name === 'RUNNING') return 'open';
  const [row] = await callLedger(cerebros, (sql) => runStatuses(sql, [id]));
  const closed = row !== undefined && CLOSED_STATUSES.includes(row.status);
  // A run that was entered again, and ended at once, leaves the row of the one before.
  const since = endedByTemporal(description) ? (description?.startTime.getTime() ?? 0) : 0;
  if (closed && (row.completed_at === null || Date.parse(row.completed_at) >= since)) return `closed:${row.status}`;
  if (endedByTemporal(description)) return 'closed:terminated';
  return description ? 'open' : 'not known';
}
