import type { SagaRunRow } from '../../contracts/ledger.ts';
import type { Sql } from '../connection.ts';

/** How a run stands by its row. */
export type RunStanding = Pick<SagaRunRow, 'id' | 'status' | 'completed_at'>;

/** Statuses of the runs of these ids; those without a row are left out. An id holds no comma. */
export async function runStatuses(sql: Sql, ids: readonly string[]): Promise<RunStanding[]> {
  const rows = await sql<RunStanding[]>`
    select id, status, completed_at from saga_runs where id = any (string_to_array(${ids.join(',')}::text, ','))`;
  return [...rows];
}
