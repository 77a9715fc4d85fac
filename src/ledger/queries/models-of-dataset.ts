import type { Sql } from '../connection.ts';
import type { ModelRow } from './put-model.ts';

/** Models that were trained on a dataset, newest first; at most 1,000. `dataset_id` is `name@version`, or the name of a built-in one. */
export async function modelsOfDataset(sql: Sql, dataset_id: string): Promise<ModelRow[]> {
  const rows = await sql<ModelRow[]>`
    select id, run_id, sha256, uri, spec, metrics, created_at from models
    where spec ->> 'dataset_name' = ${dataset_id} or spec ->> 'dataset_id' = ${dataset_id}
    order by created_at desc, id desc limit 1000`;
  return [...rows];
}
