import type { CloudChanger } from '../../contracts/drift.ts';
import type { Sql } from '../connection.ts';
import { jsonbText } from '../jsonb-safe.ts';

/**
 * The run that has changed last how each of these resources is meant, also when it took that back; those that nobody has changed are left
 * out. `since` is ISO 8601.
 */
export async function cloudChangers(sql: Sql, resources: readonly string[], since: string): Promise<CloudChanger[]> {
  const rows = await sql<CloudChanger[]>`
    select last.resource, last.saga_id, coalesce(run.completed_at >= ${since}::timestamptz, false) as just_ended
    from (
      select distinct on (resource) resource, split_part(changed_by, '/', 1) as saga_id
      from cloud_spec_history
      where resource in (select jsonb_array_elements_text(${jsonbText(resources)}::text::jsonb))
      order by resource, changed_at desc, spec_version desc
    ) last
      left join saga_runs run on run.id = last.saga_id
    order by last.resource`;
  return [...rows];
}
