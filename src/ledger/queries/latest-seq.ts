import type { Sql } from '../connection.ts';

/** The `seq` of the newest event; 0 when there is none. */
export async function latestSeq(sql: Sql): Promise<number> {
  const [row] = await sql<{ seq: number }[]>`select coalesce(max(seq), 0) as seq from events`;
  return row?.seq ?? 0;
}
