import { ADVISORY_LOCKS } from './advisory-locks.ts';
import { closeLedger, openLedger, type Transaction } from './connection.ts';

/** Longest wait for whoever publishes now, in ms; then Postgres ends the statement, and it may be tried again. */
const WAIT_MS = 60_000;
/** Between two signs of life; a connection that is silent for long is taken for dead. */
const PULSE_MS = 5_000;

/** A transaction that alone may publish datasets or take them back. */
export interface PublishingTurn {
  readonly tx: Transaction;
  /** To be called often in long work: keeps the connection alive, and fails when the lock is lost with it. */
  readonly pulse: () => Promise<void>;
}

/**
 * Does work in a transaction that holds the lock of datasets, on a connection of its own: in a pool with other queries, a `begin` may be lost.
 */
export async function whilePublishing<T>(databaseUrl: string, work: (turn: PublishingTurn) => Promise<T>): Promise<T> {
  const sql = openLedger(databaseUrl, { max: 1, statement_timeout_ms: WAIT_MS, application_name: 'cerebros-publish' });
  try {
    const [answer] = await sql.begin(async (tx) => {
      await tx`select pg_advisory_xact_lock(${ADVISORY_LOCKS.datasets})`;
      return [await work({ tx, pulse: pulseOf(tx) })] as const;
    });
    return answer as T;
  } finally {
    await closeLedger(sql);
  }
}

function pulseOf(tx: Transaction): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < PULSE_MS) return;
    await tx`select 1`;
    last = performance.now();
  };
}
