import type { Sql } from '../connection.ts';
import { clampLimit } from './list-runs.ts';
import type { ModelRow } from './put-model.ts';

/** Models, newest first. `limit` is 1–1,000, default 100. */
export async function listModels(sql: Sql, { limit = 100 }: { readonly limit?: number } = {}): Promise<ModelRow[]> {
  const models = await sql<ModelRow[]>`
    select id, run_id, sha256, uri, spec, metrics, created_at from models
    order by created_at desc, id desc limit ${clampLimit(limit)}::int`;
  return [...models];
}
