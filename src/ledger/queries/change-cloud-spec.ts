import type { ProvisionedResource, SpecChange } from '../../contracts/cloud.ts';
import type { Sql } from '../connection.ts';
import { jsonbText } from '../jsonb-safe.ts';
import { findCloudResource } from './cloud-rows.ts';

/**
 * Means an active resource otherwise, under the next `spec_version`, and keeps what it was. A step that has done so, and a spec that is
 * the same, change nothing. Answers with the row as it then is; undefined when there is none, or, with `from_version`, when others
 * have changed it since.
 */
export async function changeCloudSpec(
  sql: Sql,
  { urn, spec, changed_by, ...change }: SpecChange,
): Promise<ProvisionedResource | undefined> {
  const from_version = change.from_version ?? null;
  const [found] = await sql<{ ours: boolean }[]>`
    with old as materialized (
      select resource, spec_version, desired_spec,
        exists (select from cloud_spec_history where resource = ${urn} and changed_by = ${changed_by} and reverted_at is null) as ours
      from cloud_provisioned where resource = ${urn} for update
    ),
    meant as (
      update cloud_provisioned meant set (desired_spec, spec_version, updated_at) = (${jsonbText(spec)}::text::jsonb, old.spec_version + 1, now())
      from old
      where meant.resource = old.resource and meant.state = 'active' and not old.ours
        and old.desired_spec <> ${jsonbText(spec)}::text::jsonb
        and coalesce(${from_version}::int, old.spec_version) = old.spec_version
      returning meant.resource
    ),
    kept as (
      insert into cloud_spec_history (resource, spec_version, desired_spec, changed_by)
      select old.resource, old.spec_version, old.desired_spec, ${changed_by} from old join meant on meant.resource = old.resource
      on conflict (resource, spec_version) do update
        set (desired_spec, changed_by, changed_at, reverted_at) = (excluded.desired_spec, excluded.changed_by, now(), null)
    )
    select ours from old where ours or coalesce(${from_version}::int, spec_version) = spec_version`;
  return found && (await findCloudResource(sql, urn));
}
