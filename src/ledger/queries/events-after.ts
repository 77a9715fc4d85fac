import type { LedgerEvent } from '../../contracts/ledger.ts';
import type { Sql } from '../connection.ts';
import { cancelOnAbort } from '../until-aborted.ts';
import { clampLimit, LIST_LIMIT_MAX } from './list-runs.ts';

/** An event with its place in the ledger. `seq` grows in commit order; it may leap. */
export interface StoredEvent extends LedgerEvent {
  readonly seq: number;
}

/** A page of events. */
export interface EventPage {
  /** Only events behind this `seq`; 0 for all. */
  readonly after: number;
  /** 1–1,000, default 1,000. */
  readonly limit?: number;
}

/** The next events by `seq`. Whoever goes on from the last one it got misses none. An abort asks Postgres to stop. */
export async function eventsAfter(sql: Sql, { after, limit = LIST_LIMIT_MAX }: EventPage, signal?: AbortSignal): Promise<StoredEvent[]> {
  const query = sql<StoredEvent[]>`
    select seq, id, type, source, subject, time, data from events
    where seq > ${after}::bigint order by seq limit ${clampLimit(limit)}::int`;
  return [...(await cancelOnAbort(query, signal))];
}
