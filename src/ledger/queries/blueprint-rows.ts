import type { BlueprintRow } from '../../contracts/blueprint.ts';
import type { Sql } from '../connection.ts';
import { clampLimit } from './list-runs.ts';

/** A registered version without its definition. */
export type BlueprintListing = Omit<BlueprintRow, 'definition'>;

export interface BlueprintFilter {
  /** Only versions of this blueprint. */
  readonly name?: string | undefined;
  /** 1–1,000, default 100. */
  readonly limit?: number | undefined;
}

/** Registered versions, newest first. */
export async function blueprintRows(sql: Sql, { name, limit = 100 }: BlueprintFilter = {}): Promise<BlueprintListing[]> {
  const rows = await sql<BlueprintListing[]>`
    select name, version, sha256, registered_at, registered_by from blueprints
    where ${name ?? null}::text is null or name = ${name ?? null}::text
    order by registered_at desc, name, version desc limit ${clampLimit(limit)}::int`;
  return [...rows];
}
