import type { BlueprintRow } from '../../contracts/blueprint.ts';
import type { Sql } from '../connection.ts';
import { jsonbText } from '../jsonb-safe.ts';

/**
 * Registers a version of a blueprint unless it is there, and returns the row that is stored: its `sha256` is another one when the
 * version is taken by another definition, which stays as it was.
 */
export async function putBlueprint(sql: Sql, blueprint: Omit<BlueprintRow, 'registered_at'>): Promise<BlueprintRow> {
  // The update changes nothing; without one, nothing is returned of a row that was there.
  const [row] = await sql<[BlueprintRow]>`
    insert into blueprints as stored (name, version, sha256, definition, registered_by)
    select name, version, sha256, definition, registered_by
    from jsonb_populate_record(null::blueprints, ${jsonbText(blueprint)}::text::jsonb)
    on conflict (name, version) do update set sha256 = stored.sha256
    returning name, version, sha256, definition, registered_at, registered_by`;
  return row;
}
