import { Client, Connection } from '@temporalio/client';
import { requireDatabaseUrl, resolveConnections, type Connections } from '../config.ts';
import { openLedger, type Sql } from '../ledger/connection.ts';
import { UserError } from '../contracts/user-error.ts';
import { within } from './bounded.ts';
import { DATA_CONVERTER } from '../data-converter.ts';
import { isLedgerUnreachable, isUnreachable, ledgerUnreachable, temporalUnreachable } from './errors.ts';

/** Longest wait for a first answer of Temporal or Postgres, in ms. */
const CONNECT_MS = 3000;
/** Longest wait for an answer to one call, in ms, unless the caller says otherwise. */
const CALL_MS = 10_000;

/** Everything the library talks to. Connects when first used; `close` ends whatever was opened. */
export interface Cerebros {
  readonly connections: Connections;
  /** Temporal, connected. Throws TEMPORAL_UNREACHABLE (exit 3) within about 3 s. */
  temporal(): Promise<Client>;
  /** The ledger, answering. Throws LEDGER_UNREACHABLE (exit 3) within about 3 s. */
  ledger(): Promise<Sql>;
  /** Told of what went wrong without stopping anything. */
  warn(message: string): void;
  close(): Promise<void>;
}

export interface ConnectOptions {
  /** Default: resolved from the environment, `stack.json` and Temporal's profile file. */
  readonly connections?: Connections;
  /** Default: nothing is said. */
  readonly warn?: (message: string) => void;
}

/** Makes a client of the stack; opens nothing yet. */
export function connect(options: ConnectOptions = {}): Cerebros {
  const connections = options.connections ?? resolveConnections({}, process.env);
  const temporal = once(() => openTemporal(connections));
  const ledger = once(() => openSql(connections));
  return {
    connections,
    temporal: temporal.get,
    ledger: ledger.get,
    warn: options.warn ?? (() => undefined),
    close: async () => {
      await temporal.ifOpened((client) => client.connection.close());
      await ledger.ifOpened((sql) => sql.end({ timeout: 1 }));
    },
  };
}

/** Where Temporal is expected, as `host:port`. */
export function addressOf(cerebros: Cerebros): string {
  return cerebros.connections.temporal.connection.address;
}

/** One call of Temporal, bounded in time; a lost or late connection becomes TEMPORAL_UNREACHABLE (exit 3). */
export async function callTemporal<T>(cerebros: Cerebros, call: (client: Client) => Promise<T>, ms: number = CALL_MS): Promise<T> {
  const client = await cerebros.temporal();
  try {
    return await client.withDeadline(Date.now() + ms, () => call(client));
  } catch (error) {
    throw isUnreachable(error) ? temporalUnreachable(addressOf(cerebros), error) : error;
  }
}

/** One use of the ledger, bounded in time; a lost or late connection becomes LEDGER_UNREACHABLE (exit 3). */
export async function callLedger<T>(cerebros: Cerebros, call: (sql: Sql) => Promise<T>, ms: number = CALL_MS): Promise<T> {
  const sql = await cerebros.ledger();
  try {
    return await within(ms, call(sql), () => {
      throw ledgerUnreachable(requireDatabaseUrl(cerebros.connections), undefined);
    });
  } catch (error) {
    throw isLedgerUnreachable(error) ? ledgerUnreachable(requireDatabaseUrl(cerebros.connections), error) : error;
  }
}

async function openTemporal(connections: Connections): Promise<Client> {
  try {
    const connection = await Connection.connect({ ...connections.temporal.connection, connectTimeout: CONNECT_MS });
    return new Client({ connection, namespace: connections.temporal.namespace, dataConverter: DATA_CONVERTER });
  } catch (error) {
    throw error instanceof UserError ? error : temporalUnreachable(connections.temporal.connection.address, error);
  }
}

async function openSql(connections: Connections): Promise<Sql> {
  const url = requireDatabaseUrl(connections);
  const sql = openLedger(url, { max: 3, connect_timeout_s: CONNECT_MS / 1000 });
  try {
    await within(CONNECT_MS, sql`select 1`, () => {
      throw ledgerUnreachable(url);
    });
    return sql;
  } catch (error) {
    void sql.end({ timeout: 0 }).catch(() => undefined);
    throw isLedgerUnreachable(error) ? ledgerUnreachable(url, error) : error;
  }
}

interface Once<T> {
  readonly get: () => Promise<T>;
  readonly ifOpened: (use: (value: T) => Promise<unknown>) => Promise<void>;
}

/** Opens at the first use; a failed attempt is made again at the next. */
function once<T>(open: () => Promise<T>): Once<T> {
  let opened: Promise<T> | undefined;
  return {
    get: () => {
      opened ??= open().catch((error: unknown) => {
        opened = undefined;
        throw error;
      });
      return opened;
    },
    ifOpened: async (use) => {
      const value = await opened?.catch(() => undefined);
      opened = undefined;
      if (value !== undefined) await use(value);
    },
  };
}
