import type { ProvisionedResource, ResourceState } from '../../contracts/cloud.ts';
import { RESOURCE_STATES, stackPrefix } from '../../contracts/cloud.ts';
import type { Sql } from '../connection.ts';
import { resourceColumns } from './cloud-rows.ts';

/** Which resources to list: those that fit every filter given. */
export interface CloudFilter {
  readonly saga_id?: string;
  readonly stack?: string;
  /** Default: all. */
  readonly states?: readonly ResourceState[];
  /** 1–10,000, default 1,000. */
  readonly limit?: number;
}

/** Resources, the oldest intent first. */
export async function listCloudResources(sql: Sql, filter: CloudFilter = {}): Promise<ProvisionedResource[]> {
  const { saga_id = null, stack, states = RESOURCE_STATES, limit = 1000 } = filter;
  const prefix = stack === undefined ? '' : stackPrefix(stack);
  const rows = await sql<ProvisionedResource[]>`
    select ${resourceColumns(sql)}
    from cloud_provisioned meant join cloud_resources seen on seen.urn = meant.resource
    where (${saga_id}::text is null or meant.saga_id = ${saga_id}::text)
      and starts_with(seen.urn, ${prefix})
      and meant.state = any (string_to_array(${states.join(',')}::text, ','))
    order by meant.created_at, seen.urn
    limit ${Math.min(Math.max(limit, 1), 10_000)}::int`;
  return [...rows];
}
