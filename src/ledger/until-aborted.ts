import { cancelQuery } from './cancel-query.ts';
import type { RunningQuery } from './cancel-query.ts';

/** Has Postgres stop the query once the signal is aborted. Settles only when the query has ended, one way or the other. */
export async function cancelOnAbort<T>(query: PromiseLike<T> & RunningQuery, signal: AbortSignal | undefined): Promise<T> {
  const cancel = () => cancelQuery(query);
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    return await query;
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

/**
 * Waits for the promise, but no longer than until the abort, which rejects with the signal's reason. A promise that is rejected
 * after that does no harm.
 */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const listening = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { signal: listening.signal });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    listening.abort();
  }
}
