/** A query of postgres.js. */
export interface RunningQuery {
  cancel(): void;
}

/**
 * Asks Postgres to stop a query that it is running; never throws. One that still waits for a connection is left alone: postgres.js
 * would lose that connection. Its own `cancel()` is not used because it drops the promise of the request, so that a refused
 * connection ended the process.
 */
export function cancelQuery(query: RunningQuery): void {
  const canceller: unknown = Reflect.get(query, 'canceller');
  if (Reflect.get(query, 'active') !== true || typeof canceller !== 'function') return;
  Reflect.set(query, 'canceller', null);
  Promise.resolve(canceller(query)).catch(() => {
    // Unreachable: the statement's timeout, or the socket's, ends the query.
  });
}
