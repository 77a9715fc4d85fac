import type { Sql } from '../connection.ts';

/**
 * Sets the trials of a search that are running or waiting to cancelled, at a version of their own, so that a write of before that comes
 * late does not open them again. The trials stay, as evidence. Answers how many; 0 when nothing was open.
 */
export async function closeTrials(sql: Sql, run: string): Promise<number> {
  const { count } = await sql`
    update trials set status = 'cancelled', completed_at = coalesce(completed_at, now()), version = version + 1
    where run = ${run} and status in ('running', 'waiting')`;
  return count;
}
