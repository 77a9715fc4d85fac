import type { ProvisionedResource } from '../../contracts/cloud.ts';
import { UNRESOLVED_STATES } from '../../contracts/cloud.ts';
import type { Sql } from '../connection.ts';
import { resourceColumns } from './cloud-rows.ts';

/** Resources that nobody has moved for `older_than_ms` though something is still to be done, the oldest first; at most 1,000. */
export async function listUnresolvedCloud(sql: Sql, { older_than_ms }: { readonly older_than_ms: number }): Promise<ProvisionedResource[]> {
  const rows = await sql<ProvisionedResource[]>`
    select ${resourceColumns(sql)}
    from cloud_provisioned meant join cloud_resources seen on seen.urn = meant.resource
    where meant.state = any (string_to_array(${UNRESOLVED_STATES.join(',')}::text, ','))
      and meant.updated_at <= now() - ${older_than_ms}::float8 * interval '1 millisecond'
    order by meant.updated_at, seen.urn
    limit 1000`;
  return [...rows];
}
