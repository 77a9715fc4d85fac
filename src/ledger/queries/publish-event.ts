import type { LedgerEvent } from '../../contracts/ledger.ts';
import { ADVISORY_LOCKS } from '../advisory-locks.ts';
import type { Sql } from '../connection.ts';
import { jsonbText } from '../jsonb-safe.ts';

/** Adds an event to the bus; one that is there already, by its id, is left alone. */
export async function publishEvent(sql: Sql, event: LedgerEvent): Promise<void> {
  await sql`
    with turn as materialized (select pg_advisory_xact_lock(${ADVISORY_LOCKS.events}))
    insert into events (id, type, source, subject, time, data)
    select ${event.id}, ${event.type}, ${event.source}, ${event.subject}, ${event.time}, ${jsonbText(event.data)}::text::jsonb from turn
    on conflict (id) do nothing`;
}
