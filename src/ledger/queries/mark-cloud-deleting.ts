import type { ProvisionedResource, Withdrawal } from '../../contracts/cloud.ts';
import type { Sql } from '../connection.ts';
import { findCloudResource } from './cloud-rows.ts';

/**
 * Withdraws a resource on behalf of a run: from now on no POST of it can be claimed. The run that was first stays. Answers with the row;
 * undefined when there is no such urn.
 */
export async function markCloudDeleting(sql: Sql, { urn, deleted_by, ...only }: Withdrawal): Promise<ProvisionedResource | undefined> {
  const intent_hash = only.intent_hash ?? null;
  await sql`
    update cloud_provisioned set (state, deleted_by, updated_at) = ('deleting', ${deleted_by}, now())
    where resource = ${urn} and state not in ('deleting', 'deleted')
      and (${intent_hash}::text is null or intent_hash = ${intent_hash} and state <> 'active')`;
  return await findCloudResource(sql, urn);
}
