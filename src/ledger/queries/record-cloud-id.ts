import type { Sighting } from '../../contracts/cloud.ts';
import { UserError } from '../../contracts/user-error.ts';
import type { Sql } from '../connection.ts';
import { jsonbText } from '../jsonb-safe.ts';

const UNIQUE_VIOLATION = '23505';

/**
 * Keeps the provider's id of what was created or found. False when the resource was withdrawn, is meant otherwise by now, or has
 * another id. Throws `RESOURCE_TAKEN` when the id is another urn's.
 */
export async function recordCloudId(sql: Sql, found: Sighting & { readonly urn: string; readonly intent_hash: string }): Promise<boolean> {
  const { urn, intent_hash, provider_id, observed } = found;
  try {
    // The row of the intent is locked first, as in every other query, so that a withdrawal comes wholly before or after.
    const { count } = await sql`
      with meant as (
        update cloud_provisioned set (state, problem, updated_at) = (
          case state when 'active' then 'active' else 'creating' end, null, now()
        )
        where resource = ${urn} and intent_hash = ${intent_hash} and state in ('intended', 'creating', 'suspect', 'active')
          and exists (select from cloud_resources where urn = ${urn} and coalesce(provider_id, ${provider_id}) = ${provider_id})
        returning resource
      )
      update cloud_resources set (provider_id, observed, observed_at) = (${provider_id}, ${jsonbText(observed)}::text::jsonb, now())
      from meant where urn = meant.resource and coalesce(provider_id, ${provider_id}) = ${provider_id}`;
    return count === 1;
  } catch (error) {
    if ((error as { code?: unknown }).code !== UNIQUE_VIOLATION) throw error;
    throw new UserError('RESOURCE_TAKEN', `${urn} cannot have id ${provider_id}: another resource of the ledger has it.`, {
      hint: 'Two resources were given the same name or tag: give each its own.',
      exitCode: 5,
      cause: error,
    });
  }
}
