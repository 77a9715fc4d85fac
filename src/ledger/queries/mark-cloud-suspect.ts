import type { Sql } from '../connection.ts';

/** Notes that a person must look whether a resource exists; only while it is being created. */
export async function markCloudSuspect(
  sql: Sql,
  { urn, intent_hash, problem }: { readonly urn: string; readonly intent_hash: string; readonly problem: string },
): Promise<void> {
  await sql`
    update cloud_provisioned set (state, problem, updated_at) = ('suspect', ${problem}, now())
    where resource = ${urn} and intent_hash = ${intent_hash} and state in ('intended', 'creating', 'suspect')`;
}
