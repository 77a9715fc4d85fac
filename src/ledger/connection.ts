import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import postgres from 'postgres';

/** A pool of connections to the ledger; a tagged template runs a query. Times come as ISO 8601 in UTC, bigints as numbers. */
export type Sql = postgres.Sql;

/** The same inside `sql.begin`. */
export type Transaction = postgres.TransactionSql;

/** How `openLedger` connects. */
export interface LedgerOptions {
  /** Connections at most. Default 10. */
  readonly max?: number;
  /** Postgres ends a statement after this many ms. Default 10,000; 0 for no bound. */
  readonly statement_timeout_ms?: number;
  /** Default 5. */
  readonly connect_timeout_s?: number;
  /** Shown in `pg_stat_activity`. Default `cerebros`. */
  readonly application_name?: string;
}

const BACKOFF_S_MAX = 1;
/** The pool closes a connection that nobody has used for so long. */
const IDLE_S = 20;
/** A connection that is used and yet silent for this much longer than a statement may last is dead; more than the idle time. */
const SILENCE_GRACE_MS = 5_000 + IDLE_S * 1_000;

/** Connects lazily: an unreachable Postgres shows at the first query, which is rejected at once or after `connect_timeout_s`. */
export function openLedger(databaseUrl: string, options: LedgerOptions = {}): Sql {
  const timeoutMs = options.statement_timeout_ms ?? 10_000;
  const settings = {
    max: options.max ?? 10,
    connect_timeout: options.connect_timeout_s ?? 5,
    idle_timeout: IDLE_S,
    connection: {
      application_name: options.application_name ?? 'cerebros',
      statement_timeout: timeoutMs,
      TimeZone: 'UTC',
      DateStyle: 'ISO',
    },
    // Statements are prepared: planning a flush costs three times its commit. A pooler that loses them needs `?prepare=false`
    // in the URL. At most one query waits on a connection behind another. A `begin` in that place fails and leaves its transaction
    // open (postgres.js 3.4.9), so nothing but the migrations uses one.
    max_pipeline: 1,
    backoff: (attempt: number) => Math.min(0.05 * 2 ** attempt, BACKOFF_S_MAX),
    onnotice: () => {},
    fetch_types: false,
    types: TYPES,
    socket: (target: SocketTarget) => connectSocket(target, timeoutMs),
  };
  return postgres(databaseUrl, settings);
}

/** Waits at most 5 s for running queries, then cuts them off. */
export async function closeLedger(sql: Sql): Promise<void> {
  await sql.end({ timeout: 5 });
}

/** Opens the ledger for `fn` and closes it whatever comes. */
export async function withLedger<T>(databaseUrl: string, fn: (sql: Sql) => Promise<T>): Promise<T> {
  const sql = openLedger(databaseUrl);
  try {
    return await fn(sql);
  } finally {
    await closeLedger(sql);
  }
}

/** By the ids of Postgres's types. Arrays are named here because reading them from the catalogue costs every connection a query. */
const TYPES: Record<string, postgres.PostgresType> = {
  bigint: { to: 20, from: [20], serialize: String, parse: Number },
  time: { to: 1184, from: [1184], serialize: String, parse: (text: string) => new Date(text).toISOString() },
  ints: { to: 1007, from: [1007], serialize: (ints: readonly number[]) => `{${ints.join(',')}}`, parse: parseInts },
};

function parseInts(text: string): number[] {
  return text === '{}' ? [] : text.slice(1, -1).split(',').map(Number);
}

interface SocketTarget {
  readonly host: readonly string[];
  readonly port: readonly number[];
  readonly path: string | false | undefined;
}

let attempts = 0;

/**
 * A socket of our own, for its timeout: when Postgres's machine is gone, or the process stopped, nothing else ends a query for a
 * quarter of an hour. Not yet connected when it is returned, so that postgres.js handles its errors.
 */
function connectSocket({ host, port, path }: SocketTarget, statementTimeoutMs: number): Socket {
  const turn = attempts++ % host.length;
  const socket = path ? createConnection(path) : createConnection(port[turn] ?? 5432, host[turn]);
  socket.setNoDelay(true);
  if (statementTimeoutMs > 0) socket.setTimeout(statementTimeoutMs + SILENCE_GRACE_MS, () => socket.destroy());
  return Object.assign(socket, { host: host[turn], port: port[turn] });
}
