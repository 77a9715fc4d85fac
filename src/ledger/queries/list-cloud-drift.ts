import { stackPrefix } from '../../contracts/cloud.ts';
import { DRIFT_VERDICTS, type DriftReport, type DriftVerdict } from '../../contracts/drift.ts';
import type { Sql } from '../connection.ts';

/** Which reports to list: those that fit every filter given. */
export interface DriftFilter {
  /** Without it also what is unmanaged, which is of no stack. */
  readonly stack?: string | undefined;
  /** Default: all. */
  readonly verdicts?: readonly DriftVerdict[] | undefined;
}

/** What the last check found, what is not as it is meant first; at most 1,000. */
export async function listCloudDrift(sql: Sql, { stack, verdicts = DRIFT_VERDICTS }: DriftFilter = {}): Promise<DriftReport[]> {
  const prefix = stack === undefined ? '' : stackPrefix(stack);
  const rows = await sql<DriftReport[]>`
    select resource, provider, type, name, provider_id, verdict, diff, reason, checked_at
    from cloud_drift
    where starts_with(resource, ${prefix}) and verdict = any (string_to_array(${verdicts.join(',')}::text, ','))
    order by array_position(array['drifted', 'missing', 'unmanaged', 'unknown', 'in_sync'], verdict), resource
    limit 1000`;
  return [...rows];
}
