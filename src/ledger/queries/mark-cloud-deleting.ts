import type { ProvisionedResource } from '../../contracts/cloud.ts';
import type { Sql } from '../connection.ts';
import { findCloudResource } from './cloud-rows.ts';

/** Withdraws a resource: from now on no POST of it can be claimed. Answers with the row; undefined when there is no such urn. */
export async function markCloudDeleting(sql: Sql, urn: string): Promise<ProvisionedResource | undefined> {
  await sql`
    update cloud_provisioned set (state, updated_at) = ('deleting', now())
    where resource = ${urn} and state not in ('deleting', 'deleted')`;
  return await findCloudResource(sql, urn);
}
