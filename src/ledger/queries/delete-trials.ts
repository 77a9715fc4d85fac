import type { Sql } from '../connection.ts';

/** Removes the trials of a search; fine when there are none. */
export async function deleteTrials(sql: Sql, run: string): Promise<void> {
  await sql`delete from trials where run = ${run}`;
}
