import type { KeptResource } from '../../contracts/cloud.ts';
import type { Sql } from '../connection.ts';
import { jsonbText } from '../jsonb-safe.ts';

/**
 * Takes back that a run deletes a resource. What is `deleting` is active again. With `was`, what is deleted already is meant again as
 * then: it shows as missing, instead of being forgotten. Does nothing for what another run deletes.
 */
export async function keepCloud(sql: Sql, { urn, deleted_by, was }: KeptResource): Promise<void> {
  const spec = was === undefined ? null : jsonbText(was.desired_spec);
  await sql`
    with meant as (
      update cloud_provisioned set (state, deleted_by, desired_spec, saga_id, problem, updated_at)
        = ('active', null, coalesce(${spec}::text::jsonb, desired_spec), coalesce(${was?.saga_id ?? null}, saga_id), null, now())
      where resource = ${urn} and deleted_by = ${deleted_by}
        and (state = 'deleting' and exists (select from cloud_resources where urn = ${urn} and provider_id is not null)
          or state = 'deleted' and ${was !== undefined})
      returning resource
    )
    update cloud_resources set provider_id = coalesce(${was?.provider_id ?? null}, provider_id) from meant where urn = meant.resource`;
}
