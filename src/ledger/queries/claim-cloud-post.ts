import type { PostClaim } from '../../contracts/cloud.ts';
import type { Sql } from '../connection.ts';

/** Makes a resource `creating` and counts a POST. False when it was withdrawn, has its id, or somebody else claimed since. */
export async function claimCloudPost(sql: Sql, { urn, intent_hash, posts }: PostClaim): Promise<boolean> {
  const { count } = await sql`
    update cloud_provisioned set (state, posts, problem, updated_at) = ('creating', posts + 1, null, now())
    where resource = ${urn} and intent_hash = ${intent_hash} and posts = ${posts} and state in ('intended', 'creating', 'suspect')
      and not exists (select from cloud_resources where urn = ${urn} and provider_id is not null)`;
  return count === 1;
}
