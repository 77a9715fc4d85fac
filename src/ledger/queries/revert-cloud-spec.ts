import type { ProvisionedResource } from '../../contracts/cloud.ts';
import type { Sql } from '../connection.ts';
import { findCloudResource } from './cloud-rows.ts';

/**
 * Means a resource again as it was before a step changed it, under the `spec_version` of then. `unchanged`: the step changed nothing, or
 * was taken back before; `overtaken`: others have changed it since, and it stays as they mean it.
 */
export async function revertCloudSpec(
  sql: Sql,
  { urn, changed_by }: { readonly urn: string; readonly changed_by: string },
): Promise<ProvisionedResource | 'unchanged' | 'overtaken'> {
  const [found] = await sql<{ reverted: boolean }[]>`
    with old as materialized (
      select history.resource, history.spec_version, history.desired_spec
      from cloud_provisioned meant join cloud_spec_history history on history.resource = meant.resource
      where meant.resource = ${urn} and history.changed_by = ${changed_by}
      for update of meant
    ),
    meant as (
      update cloud_provisioned meant set (desired_spec, spec_version, updated_at) = (old.desired_spec, old.spec_version, now())
      from old where meant.resource = old.resource and meant.spec_version = old.spec_version + 1
      returning meant.resource
    ),
    dropped as (
      delete from cloud_spec_history history using meant
      where history.resource = meant.resource and history.changed_by = ${changed_by}
    )
    select exists (select from meant) as reverted from old`;
  if (!found) return 'unchanged';
  return found.reverted ? ((await findCloudResource(sql, urn)) ?? 'unchanged') : 'overtaken';
}
