import type { Sql } from '../connection.ts';

/** Notes that a resource that was being deleted is gone. */
export async function markCloudDeleted(sql: Sql, urn: string): Promise<void> {
  await sql`
    update cloud_provisioned set (state, problem, updated_at) = ('deleted', null, now()) where resource = ${urn} and state = 'deleting'`;
}
