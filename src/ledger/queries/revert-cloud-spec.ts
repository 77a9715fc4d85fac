import type { ProvisionedResource } from '../../contracts/cloud.ts';
import type { Sql } from '../connection.ts';
import { findCloudResource } from './cloud-rows.ts';

/**
 * Means a resource again as it was before a step changed it, under the `spec_version` of then; asked again, it answers the same.
 * `unchanged`: the step has changed nothing; `overtaken`: others have changed it since, and it stays as they mean it.
 */
export async function revertCloudSpec(
  sql: Sql,
  { urn, changed_by }: { readonly urn: string; readonly changed_by: string },
): Promise<ProvisionedResource | 'unchanged' | 'overtaken'> {
  const [found] = await sql<{ reverted: boolean }[]>`
    with old as materialized (
      select history.resource, history.spec_version, history.desired_spec, history.reverted_at, meant.spec_version as present
      from cloud_provisioned meant join cloud_spec_history history on history.resource = meant.resource
      where meant.resource = ${urn} and history.changed_by = ${changed_by}
      order by history.spec_version desc limit 1
      for update of meant
    ),
    meant as (
      update cloud_provisioned meant set (desired_spec, spec_version, updated_at) = (old.desired_spec, old.spec_version, now())
      from old where meant.resource = old.resource and old.reverted_at is null and old.present = old.spec_version + 1
      returning meant.resource
    ),
    noted as (
      update cloud_spec_history history set reverted_at = now()
      from meant where history.resource = meant.resource and history.changed_by = ${changed_by}
    )
    select exists (select from meant) or (reverted_at is not null and present = spec_version) as reverted from old`;
  if (!found) return 'unchanged';
  return found.reverted ? ((await findCloudResource(sql, urn)) ?? 'unchanged') : 'overtaken';
}
