import type { ProvisionedResource } from '../../contracts/cloud.ts';
import { UserError } from '../../contracts/user-error.ts';
import type { Sql } from '../connection.ts';
import { resourceColumns } from './cloud-rows.ts';

const ROWS_MAX = 10_000;

/**
 * All resources of a provider that are not deleted, or were not at `since` (ISO 8601, default: now), and the time by the database's clock
 * before they were read. Throws `TOO_MANY_RESOURCES` above 10,000, as part of them says nothing of what is not ours.
 */
export async function listCloudRows(
  sql: Sql,
  provider: string,
  since: string | null = null,
): Promise<{ readonly at: string; readonly rows: readonly ProvisionedResource[] }> {
  const [clock] = await sql<{ at: string }[]>`select now() as at`;
  const rows = await sql<ProvisionedResource[]>`
    select ${resourceColumns(sql)}
    from cloud_provisioned meant join cloud_resources seen on seen.urn = meant.resource
    where seen.provider = ${provider} and (meant.state <> 'deleted' or meant.updated_at >= ${since}::timestamptz)
    order by seen.urn
    limit ${ROWS_MAX + 1}`;
  if (rows.length <= ROWS_MAX) return { at: clock?.at ?? '', rows: [...rows] };
  throw new UserError('TOO_MANY_RESOURCES', `expected at most ${ROWS_MAX} resources of ${provider} in the ledger, found more`, {
    hint: 'take stacks into an account and a ledger of their own',
    exitCode: 5,
  });
}
