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
  /** Ends the waiting early, with WAIT_TIMEOUT. */
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
  while (!(await closes(cerebros, id, { ms: Math.min(POLL_MS, deadline - Date.now()), signal: options.signal }))) {
    if (Date.now() >= deadline || options.signal?.aborted) throw waitTimeout(id, options);
    await pauseFor(Math.min(500, Math.max(0, deadline - Date.now())), options.signal);
  }
  return closedRun(cerebros, id);
}

interface Poll {
  readonly ms: number;
  readonly signal: AbortSignal | undefined;
}

/** One long poll: true when the run has closed, however it did; false when it is time to ask again, or to stop asking. */
async function closes(cerebros: Cerebros, id: string, { ms, signal }: Poll): Promise<boolean> {
  if (ms <= 0 || signal?.aborted) return false;
  try {
    const client = await cerebros.temporal();
    const poll = (): Promise<unknown> => client.withDeadline(Date.now() + ms, () => client.workflow.getHandle(id).result());
    await (signal ? client.withAbortSignal(signal, poll) : poll());
    return true;
  } catch (error) {
    if (isNotFound(error)) throw runNotFound(id);
    if (error instanceof WorkflowFailedError) return true;
    if (signal?.aborted || isUnreachable(error) || (error instanceof UserError && error.exitCode === 3)) return false;
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
  return new UserError(
    'WAIT_TIMEOUT',
    `run ${id}: expected it to close ${options.timeout_ms === undefined ? 'before the wait was ended' : `within ${options.timeout_ms} ms`}, it is still open`,
    {
      hint: `cerebros progress ${id}`,
      exitCode: 5,
    },
  );
}
