import type { Sighting } from '../../contracts/cloud.ts';
import type { Sql } from '../connection.ts';
import { jsonbText } from '../jsonb-safe.ts';

/** Notes that a resource is there and ready. False when it was withdrawn or has another id. */
export async function markCloudActive(sql: Sql, found: Sighting & { readonly urn: string }): Promise<boolean> {
  const { urn, provider_id, observed } = found;
  const { count } = await sql`
    with meant as (
      update cloud_provisioned set (state, problem, updated_at) = ('active', null, now())
      where resource = ${urn} and state in ('creating', 'suspect', 'active')
        and exists (select from cloud_resources where urn = ${urn} and provider_id = ${provider_id})
      returning resource
    )
    update cloud_resources set (observed, observed_at) = (${jsonbText(observed)}::text::jsonb, now())
    from meant where urn = meant.resource`;
  return count === 1;
}
