import { WorkflowFailedError } from '@temporalio/client';
import { CLOSED_STATUSES, type SagaRun } from '../contracts/ledger.ts';
import { UserError } from '../contracts/user-error.ts';
import { pauseFor } from './bounded.ts';
import type { Cerebros } from './connect.ts';
import { describeRun, requireDescription } from './describe.ts';
import { asEnded, endedByTemporal } from './ended-by-temporal.ts';
import { isNotFound, isUnreachable, runNotFound } from './errors.ts';
import { checkRunId } from './run-id.ts';
import { ledgerRow, showRun } from './show.ts';

/** One long poll of Temporal, in ms. */
const POLL_MS = 60_000;
/** A closed run's row is there when it closes; waiting longer, in ms, helps only a slow database. */
const ROW_MS = 5000;

export interface WaitOptions {
  /** Default: no limit. */
  readonly timeout_ms?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits until a run has closed, through continue-as-new and restarts of the server, and returns it. Throws RUN_NOT_FOUND (exit 4)
 * and WAIT_TIMEOUT (5); the run itself goes on then.
 */
export async function waitClosed(cerebros: Cerebros, id: string, options: WaitOptions = {}): Promise<SagaRun> {
  checkRunId(id);
  const deadline = Date.now() + (options.timeout_ms ?? Number.POSITIVE_INFINITY);
  await requireDescription(cerebros, id);
  while (!(await closes(cerebros, id, Math.min(POLL_MS, deadline - Date.now())))) {
    if (Date.now() >= deadline || options.signal?.aborted) throw waitTimeout(id, options);
    await pauseFor(Math.min(500, Math.max(0, deadline - Date.now())), options.signal);
  }
  return closedRun(cerebros, id);
}

/** One long poll: true when the run has closed, however it did. */
async function closes(cerebros: Cerebros, id: string, ms: number): Promise<boolean> {
  if (ms <= 0) return false;
  try {
    const client = await cerebros.temporal();
    await client.withDeadline(Date.now() + ms, () => client.workflow.getHandle(id).result());
    return true;
  } catch (error) {
    if (isNotFound(error)) throw runNotFound(id);
    if (isUnreachable(error) || (error instanceof UserError && error.exitCode === 3)) return false;
    if (error instanceof WorkflowFailedError) return true;
    throw error;
  }
}

async function closedRun(cerebros: Cerebros, id: string): Promise<SagaRun> {
  const description = await describeRun(cerebros, id);
  const until = Date.now() + ROW_MS;
  while (Date.now() < until) {
    const row = await ledgerRow(cerebros, id).catch(() => undefined);
    if (row && CLOSED_STATUSES.includes(row.status) && row.run_id === (description?.runId ?? row.run_id)) return row;
    if (endedByTemporal(description)) break;
    await pauseFor(100);
  }
  return asEnded(await showRun(cerebros, id), description);
}

function waitTimeout(id: string, options: WaitOptions): UserError {
  return new UserError('WAIT_TIMEOUT', `run ${id}: expected it to close within ${options.timeout_ms ?? 'the wait'} ms, it is still open`, {
    hint: `cerebros progress ${id}`,
    exitCode: 5,
  });
}
