import { stackPrefix } from '../../contracts/cloud.ts';
import type { DriftCounts } from '../../contracts/drift.ts';
import type { Sql } from '../connection.ts';

/** How many resources have each verdict of the last check: of a stack, or of all and what is unmanaged. */
export async function countCloudDrift(sql: Sql, { stack }: { readonly stack?: string | undefined } = {}): Promise<DriftCounts> {
  const prefix = stack === undefined ? '' : stackPrefix(stack);
  const rows = await sql<{ verdict: keyof DriftCounts; count: number }[]>`
    select verdict, count(*) from cloud_drift where starts_with(resource, ${prefix}) group by verdict`;
  const counts = Object.fromEntries(rows.map(({ verdict, count }) => [verdict, count]));
  return { in_sync: 0, drifted: 0, missing: 0, unmanaged: 0, unknown: 0, ...counts };
}
