import type { Sql } from '../connection.ts';

/** Notes that a resource that was being deleted is gone, and frees its id: a provider gives an address out again. */
export async function markCloudDeleted(sql: Sql, urn: string): Promise<void> {
  await sql`
    with meant as (
      update cloud_provisioned set (state, problem, updated_at) = ('deleted', null, now()) where resource = ${urn} and state = 'deleting'
      returning resource
    )
    update cloud_resources set provider_id = null from meant where urn = meant.resource`;
}
