import type { Sql } from '../connection.ts';
import { clampLimit, LIST_LIMIT_MAX } from './list-runs.ts';

/** A page of the ids of all runs, in the order of the ids. */
export interface RunIdPage {
  /** Only ids behind this one: the last of the page before. Default: from the start. */
  readonly after?: string;
  /** 1–1,000, default 1,000. */
  readonly limit?: number;
}

/** Ids of the runs in the ledger, a page at a time; a page shorter than its limit is the last. */
export async function listRunIds(sql: Sql, { after = '', limit = LIST_LIMIT_MAX }: RunIdPage = {}): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`select id from saga_runs where id > ${after} order by id limit ${clampLimit(limit)}::int`;
  return rows.map((row) => row.id);
}
