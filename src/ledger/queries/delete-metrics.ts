import type { Sql } from '../connection.ts';

/** Removes all points of a run; fine when there are none. */
export async function deleteMetrics(sql: Sql, run: string): Promise<void> {
  await sql`delete from metrics where run = ${run}`;
}
