import type { Sql } from '../connection.ts';

/** Takes a run that was only noted, for a start that is about to be made. Answers false when it has started, or was cancelled. */
export async function claimPendingRun(sql: Sql, id: string): Promise<boolean> {
  const { count } = await sql`update saga_runs set started_at = now() where id = ${id} and run_id is null and status = 'pending'`;
  return count === 1;
}
