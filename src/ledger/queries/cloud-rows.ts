import type { ProvisionedResource } from '../../contracts/cloud.ts';
import type { Sql } from '../connection.ts';

/** The columns of a `ProvisionedResource`, of `cloud_resources seen` and `cloud_provisioned meant`. */
export function resourceColumns(sql: Sql): ReturnType<Sql> {
  return sql`seen.urn, seen.provider, seen.type, seen.name, meant.tag, seen.provider_id, seen.observed, seen.observed_at,
    meant.desired_spec, meant.spec_version, meant.saga_id, meant.state, meant.deleted_by, meant.intent_hash, meant.posts, meant.problem, meant.created_at, meant.updated_at`;
}

/** A resource by its urn; undefined when there is none. */
export async function findCloudResource(sql: Sql, urn: string): Promise<ProvisionedResource | undefined> {
  const [row] = await sql<ProvisionedResource[]>`
    select ${resourceColumns(sql)}
    from cloud_provisioned meant join cloud_resources seen on seen.urn = meant.resource
    where meant.resource = ${urn}`;
  return row;
}
