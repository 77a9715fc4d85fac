import type { Sql } from '../connection.ts';

/** Notes that a resource that was to be deleted is there, and stays. */
export async function keepCloud(sql: Sql, urn: string): Promise<void> {
  await sql`
    update cloud_provisioned set (state, deleted_by, problem, updated_at) = ('active', null, null, now())
    where resource = ${urn} and state = 'deleting'
      and exists (select from cloud_resources where urn = ${urn} and provider_id is not null)`;
}
