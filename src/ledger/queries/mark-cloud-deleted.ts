import type { Sql } from '../connection.ts';

/** Notes that a resource that was being deleted is gone; false when it is not being deleted any more. Frees its id: a provider gives an address out again. */
export async function markCloudDeleted(sql: Sql, urn: string): Promise<boolean> {
  const { count } = await sql`
    with meant as (
      update cloud_provisioned set (state, problem, updated_at) = ('deleted', null, now()) where resource = ${urn} and state = 'deleting'
      returning resource
    )
    update cloud_resources set provider_id = null from meant where urn = meant.resource`;
  return count === 1;
}
