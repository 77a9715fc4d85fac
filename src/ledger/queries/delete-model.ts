import type { Sql } from '../connection.ts';

/** Forgets a model; its file stays in the artifact store. Answers false when there was none. */
export async function deleteModel(sql: Sql, id: string): Promise<boolean> {
  const { count } = await sql`delete from models where id = ${id}`;
  return count === 1;
}
