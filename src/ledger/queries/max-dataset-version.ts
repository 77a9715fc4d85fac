import type { Sql, Transaction } from '../connection.ts';

/** The highest version of a dataset; 0 when there is none. */
export async function maxDatasetVersion(sql: Sql | Transaction, id: string): Promise<number> {
  const [row] = await sql<{ version: number }[]>`select coalesce(max(version), 0) as version from datasets where id = ${id}`;
  return row?.version ?? 0;
}
