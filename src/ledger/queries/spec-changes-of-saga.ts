import type { Json } from '../../contracts/ledger.ts';
import type { Sql } from '../connection.ts';

/** A change of a spec, as the ledger keeps it. */
export interface SpecChangeRow {
  readonly urn: string;
  readonly type: string;
  /** What it was before. */
  readonly desired_spec: Json;
  /** The version of before. */
  readonly spec_version: number;
}

/** The changes that the steps of a run have made to resources that there are, the latest first; at most 1,000. */
export async function specChangesOfSaga(sql: Sql, saga_id: string): Promise<SpecChangeRow[]> {
  const rows = await sql<SpecChangeRow[]>`
    select seen.urn, seen.type, history.desired_spec, history.spec_version
    from cloud_spec_history history
      join cloud_resources seen on seen.urn = history.resource
      join cloud_provisioned meant on meant.resource = history.resource and meant.state <> 'deleted'
    where starts_with(history.changed_by, ${`${saga_id}/`}) and history.reverted_at is null
    order by history.spec_version desc, seen.urn
    limit 1000`;
  return [...rows];
}
