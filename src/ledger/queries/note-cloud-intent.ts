import type { ProvisionedResource, ResourceIntent } from '../../contracts/cloud.ts';
import type { Sql } from '../connection.ts';
import { jsonbText } from '../jsonb-safe.ts';
import { findCloudResource } from './cloud-rows.ts';

/**
 * Enters what is meant to be, unless the urn has an intent that still counts: only a deleted one of another hash is replaced, under
 * the next `spec_version`, and without the id it had. Answers with the row as it then is.
 */
export async function noteCloudIntent(sql: Sql, intent: ResourceIntent): Promise<ProvisionedResource> {
  const { urn, provider, type, name, tag, saga_id, intent_hash } = intent;
  await sql`
    with again as (
      update cloud_provisioned set (tag, desired_spec, spec_version, saga_id, state, deleted_by, intent_hash, posts, problem, updated_at)
        = (${tag}, ${jsonbText(intent.desired_spec)}::text::jsonb, spec_version + 1, ${saga_id}, 'intended', null, ${intent_hash}, 0, null, now())
      where resource = ${urn} and state = 'deleted' and intent_hash <> ${intent_hash}
      returning resource
    ),
    forgotten as (
      update cloud_resources set (provider, type, name, provider_id, observed, observed_at) = (${provider}, ${type}, ${name}, null, null, null)
      from again where urn = again.resource
    ),
    seen as (
      insert into cloud_resources (urn, provider, type, name) values (${urn}, ${provider}, ${type}, ${name})
      on conflict (urn) do nothing
    )
    insert into cloud_provisioned (resource, tag, desired_spec, saga_id, state, intent_hash)
    select ${urn}, ${tag}, ${jsonbText(intent.desired_spec)}::text::jsonb, ${saga_id}, 'intended', ${intent_hash}
    on conflict (resource) do nothing`;
  const row = await findCloudResource(sql, urn);
  if (!row) throw new Error(`expected the intent of ${urn} in the ledger after it was noted, found none: was it removed by hand?`);
  return row;
}
