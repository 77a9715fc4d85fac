import type { Sql, Transaction } from '../connection.ts';

/**
 * Forgets what a build came to. A version that another build came to as well passes to that one; others are removed, and answered. Wants a
 * transaction.
 */
export async function takeBackDatasetBuild(
  sql: Sql | Transaction,
  run_id: string,
): Promise<{ readonly id: string; readonly version: number }[]> {
  await sql`delete from dataset_builds where run_id = ${run_id}`;
  await sql`
    update datasets set run_id = (
      select build.run_id from dataset_builds build
      where build.id = datasets.id and build.version = datasets.version order by built_at, build.run_id limit 1
    )
    where run_id = ${run_id} and exists (select from dataset_builds build where build.id = datasets.id and build.version = datasets.version)`;
  return [...(await sql<{ id: string; version: number }[]>`delete from datasets where run_id = ${run_id} returning id, version`)];
}
