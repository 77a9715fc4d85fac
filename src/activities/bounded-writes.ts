import { ApplicationFailure, Context } from '@temporalio/activity';
import { untilAborted } from '../ledger/until-aborted.ts';

/** A write of the ledger, by an activity. */
export interface LedgerWrite {
  /** Names it in a failure: `flush of x at version 7`. */
  readonly what: string;
  /** An abort must have Postgres stop it. */
  readonly write: (signal: AbortSignal) => Promise<void>;
}

const LOCAL_BOUND_MS = 500;
const REGULAR_BOUND_MS = 10_000;

/**
 * Makes a function that writes within the bounds of the running activity: at most 500 ms in a local one, in a regular one at most its
 * start-to-close timeout, or 10 s. Not more than `inFlightMax` writes are under way at once, given up ones included; further ones are
 * refused at once. Every failure is retryable, for a run must not lose rows; its type says why: `LEDGER_BUSY`, `LEDGER_TIMEOUT`,
 * `LEDGER_UNAVAILABLE` or `LEDGER_REFUSED`.
 */
export function boundedWrites(inFlightMax: number): (write: LedgerWrite) => Promise<void> {
  let inFlight = 0;
  return async ({ what, write }) => {
    if (inFlight >= inFlightMax) throw failure('LEDGER_BUSY', what, `${inFlight} writes are waiting for Postgres`);
    const { cancellationSignal } = Context.current();
    const boundMs = bound();
    const signal = AbortSignal.any([cancellationSignal, AbortSignal.timeout(boundMs)]);
    inFlight += 1;
    const written = write(signal).finally(() => (inFlight -= 1));
    try {
      await untilAborted(written, signal);
    } catch (error) {
      cancellationSignal.throwIfAborted();
      if (signal.aborted) throw failure('LEDGER_TIMEOUT', what, `Postgres did not answer within ${boundMs} ms`, error);
      throw refusal(what, error);
    }
  };
}

function bound(): number {
  const { isLocal, startToCloseTimeoutMs } = Context.current().info;
  return Math.min(startToCloseTimeoutMs || REGULAR_BOUND_MS, isLocal ? LOCAL_BOUND_MS : REGULAR_BOUND_MS);
}

/** An error with a SQLSTATE came from Postgres itself; classes 08, 40, 53, 57 and 58 say that it could not do it just now. */
function refusal(what: string, error: unknown): ApplicationFailure {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'no code';
  const message = (error instanceof Error && error.message) || 'no message';
  const refused = /^[0-9A-Z]{5}$/.test(code) && !/^(?:08|40|53|57|58)/.test(code);
  if (!refused) return failure('LEDGER_UNAVAILABLE', what, `${message} (${code})`, error);
  return failure('LEDGER_REFUSED', what, `Postgres refused it: ${message} (${code})`, error);
}

function failure(type: string, what: string, why: string, cause?: unknown): ApplicationFailure {
  const message = `ledger: ${what} failed: ${why}`;
  return ApplicationFailure.create({ type, message, nonRetryable: false, ...(cause instanceof Error ? { cause } : {}) });
}
