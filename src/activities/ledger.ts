import { ApplicationFailure, Context } from '@temporalio/activity';
import type { LedgerBatch } from '../contracts/ledger.ts';
import type { Sql } from '../ledger/connection.ts';
import { flushBatch } from '../ledger/queries/flush-batch.ts';
import { untilAborted } from '../ledger/until-aborted.ts';

/** What the ledger's activities need. */
export interface LedgerDependencies {
  readonly sql: Sql;
  /** Flushes that may be under way at once, given up ones included; further ones are refused at once. Default 256. */
  readonly inFlightMax?: number;
}

/** The engine's own activities: they are no steps. */
export interface LedgerActivities {
  /**
   * Writes a batch; runs as a local activity (at most 500 ms) and as a regular one (at most its start-to-close timeout, or 10 s).
   * Every failure is retryable, for a run must not lose rows; its type says why: `LEDGER_BUSY`, `LEDGER_TIMEOUT`,
   * `LEDGER_UNAVAILABLE` or `LEDGER_REFUSED`.
   */
  flushLedger(batch: LedgerBatch): Promise<void>;
}

const LOCAL_BOUND_MS = 500;
const REGULAR_BOUND_MS = 10_000;

/** Makes the activities that write the ledger, for the worker of the main queue. */
export function createLedgerActivities({ sql, inFlightMax = 256 }: LedgerDependencies): LedgerActivities {
  let inFlight = 0;
  return {
    async flushLedger(batch) {
      if (inFlight >= inFlightMax) throw failure('LEDGER_BUSY', batch, `${inFlight} flushes are waiting for Postgres`);
      const { cancellationSignal } = Context.current();
      const boundMs = bound();
      const signal = AbortSignal.any([cancellationSignal, AbortSignal.timeout(boundMs)]);
      inFlight += 1;
      const flushed = flushBatch(sql, batch, signal).finally(() => (inFlight -= 1));
      try {
        await untilAborted(flushed, signal);
      } catch (error) {
        cancellationSignal.throwIfAborted();
        if (signal.aborted) throw failure('LEDGER_TIMEOUT', batch, `Postgres did not answer within ${boundMs} ms`, error);
        throw refusal(batch, error);
      }
    },
  };
}

function bound(): number {
  const { isLocal, startToCloseTimeoutMs } = Context.current().info;
  return Math.min(startToCloseTimeoutMs || REGULAR_BOUND_MS, isLocal ? LOCAL_BOUND_MS : REGULAR_BOUND_MS);
}

/** An error with a SQLSTATE came from Postgres itself; classes 08, 40, 53, 57 and 58 say that it could not do it just now. */
function refusal(batch: LedgerBatch, error: unknown): ApplicationFailure {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'no code';
  const message = (error instanceof Error && error.message) || 'no message';
  const refused = /^[0-9A-Z]{5}$/.test(code) && !/^(?:08|40|53|57|58)/.test(code);
  if (!refused) return failure('LEDGER_UNAVAILABLE', batch, `${message} (${code})`, error);
  return failure('LEDGER_REFUSED', batch, `Postgres refused it: ${message} (${code})`, error);
}

function failure(type: string, batch: LedgerBatch, why: string, cause?: unknown): ApplicationFailure {
  const message = `ledger: flush of ${batch.saga_id} at version ${batch.version} failed: ${why}`;
  return ApplicationFailure.create({ type, message, nonRetryable: false, ...(cause instanceof Error ? { cause } : {}) });
}
