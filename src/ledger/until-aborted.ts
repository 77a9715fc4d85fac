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

/** Waits for the promise, but no longer than until the abort, which rejects with the signal's reason. A late rejection is swallowed. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
  });
  aborted.catch(() => {});
  if (signal.aborted) abort();
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
