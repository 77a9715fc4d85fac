import type { Sql } from '../connection.ts';
import type { ModelRow } from './put-model.ts';

/** The model of this id; undefined when there is none. */
export async function getModel(sql: Sql, id: string): Promise<ModelRow | undefined> {
  const [model] = await sql<ModelRow[]>`
    select id, run_id, sha256, uri, spec, metrics, created_at from models where id = ${id}`;
  return model;
}
