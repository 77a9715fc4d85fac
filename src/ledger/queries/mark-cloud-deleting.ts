import type { ProvisionedResource } from '../../contracts/cloud.ts';
import type { Sql } from '../connection.ts';
import { findCloudResource } from './cloud-rows.ts';

/**
 * Withdraws a resource on behalf of a run: from now on no POST of it can be claimed. The run that was first stays. Answers with the row;
 * undefined when there is no such urn.
 */
export async function markCloudDeleting(
  sql: Sql,
  { urn, deleted_by }: { readonly urn: string; readonly deleted_by: string | null },
): Promise<ProvisionedResource | undefined> {
  await sql`
    update cloud_provisioned set (state, deleted_by, updated_at) = ('deleting', ${deleted_by}, now())
    where resource = ${urn} and state not in ('deleting', 'deleted')`;
  return await findCloudResource(sql, urn);
}
