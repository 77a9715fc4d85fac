import type { Json } from '../../contracts/ledger.ts';
import type { Sql } from '../connection.ts';
import { jsonbText } from '../jsonb-safe.ts';

/** A row of `models`. */
export interface ModelRow {
  /** Its name. */
  readonly id: string;
  /** The saga that trained it, when one did. */
  readonly run_id: string | null;
  readonly sha256: string;
  /** Where its file is in the artifact store. */
  readonly uri: string;
  readonly spec: Json;
  readonly metrics: { readonly [name: string]: Json };
  readonly created_at: string;
}

/** Registers a model, or overwrites the one of the same id; when it was created is kept. May come any number of times. */
export async function putModel(sql: Sql, model: Omit<ModelRow, 'created_at'>): Promise<void> {
  await sql`
    insert into models (id, run_id, sha256, uri, spec, metrics)
    select id, run_id, sha256, uri, coalesce(spec, 'null'), metrics
    from jsonb_populate_record(null::models, ${jsonbText(model)}::text::jsonb)
    on conflict (id) do update set (run_id, sha256, uri, spec, metrics)
      = (excluded.run_id, excluded.sha256, excluded.uri, excluded.spec, excluded.metrics)`;
}
