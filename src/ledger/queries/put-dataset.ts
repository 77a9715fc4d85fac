import type { Sql, Transaction } from '../connection.ts';
import { jsonbText } from '../jsonb-safe.ts';
import type { DatasetRow } from './dataset-rows.ts';

/** Enters a version. Fails when there is one of this number. */
export async function putDataset(sql: Sql | Transaction, dataset: Omit<DatasetRow, 'created_at'>): Promise<void> {
  await sql`
    insert into datasets (id, version, run_id, sha256, uri, spec, stats)
    select id, version, run_id, sha256, uri, spec, stats
    from jsonb_populate_record(null::datasets, ${jsonbText(dataset)}::text::jsonb)`;
}
