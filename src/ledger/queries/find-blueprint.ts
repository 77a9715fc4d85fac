import type { BlueprintRow } from '../../contracts/blueprint.ts';
import type { Sql } from '../connection.ts';

/** A version of a blueprint, or without a version the one that was registered last; undefined when there is none. */
export async function findBlueprint(sql: Sql, name: string, version?: string): Promise<BlueprintRow | undefined> {
  const [row] = await sql<BlueprintRow[]>`
    select name, version, sha256, definition, registered_at, registered_by from blueprints
    where name = ${name} and (${version ?? null}::text is null or version = ${version ?? null}::text)
    order by registered_at desc, version desc limit 1`;
  return row;
}
