import type { Sql } from '../connection.ts';

/** Takes back `insertPendingRun` when the start was refused. Answers false when the run has started, or is not there. */
export async function deletePendingRun(sql: Sql, id: string): Promise<boolean> {
  const { count } = await sql`delete from saga_runs where id = ${id} and run_id is null and version = 0`;
  return count === 1;
}
