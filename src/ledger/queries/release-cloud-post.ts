import type { PostClaim } from '../../contracts/cloud.ts';
import type { Sql } from '../connection.ts';

/** Gives back the POST that was claimed at `posts`, because it is known to have done nothing; only its holder may. */
export async function releaseCloudPost(sql: Sql, { urn, intent_hash, posts }: PostClaim): Promise<void> {
  await sql`
    update cloud_provisioned set (state, posts, updated_at) = (
      case when state = 'creating' and posts = 1 then 'intended' else state end, posts - 1, now()
    )
    where resource = ${urn} and intent_hash = ${intent_hash} and posts = ${posts}::int + 1`;
}
