import type { Sql, Transaction } from '../connection.ts';

/** A build that came to a version. */
export interface DatasetBuildRow {
  readonly run_id: string;
  readonly id: string;
  readonly version: number;
  readonly built_at: string;
}

/** Notes the version that a build came to; a run has one, the last. */
export async function putDatasetBuild(sql: Sql | Transaction, { run_id, id, version }: Omit<DatasetBuildRow, 'built_at'>): Promise<void> {
  await sql`
    insert into dataset_builds (run_id, id, version) values (${run_id}, ${id}, ${version})
    on conflict (run_id) do update set (id, version) = (excluded.id, excluded.version)`;
}
