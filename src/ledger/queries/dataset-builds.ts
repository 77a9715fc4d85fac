import type { Sql } from '../connection.ts';
import type { DatasetBuildRow } from './put-dataset-build.ts';

/** The builds that came to a version, the first one first; at most 1,000. */
export async function datasetBuilds(sql: Sql, id: string, version: number): Promise<DatasetBuildRow[]> {
  const rows = await sql<DatasetBuildRow[]>`
    select run_id, id, version, built_at from dataset_builds
    where id = ${id} and version = ${version} order by built_at, run_id limit 1000`;
  return [...rows];
}
