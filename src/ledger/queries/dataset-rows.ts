import type { Json } from '../../contracts/ledger.ts';
import type { Sql, Transaction } from '../connection.ts';
import { clampLimit } from './list-runs.ts';

/** A row of `datasets`: a published version. */
export interface DatasetRow {
  /** Its name. */
  readonly id: string;
  readonly version: number;
  /** The run that published it; after that one was taken back, another that came to the same content. */
  readonly run_id: string | null;
  readonly sha256: string;
  readonly uri: string;
  /** The build's input. */
  readonly spec: Json;
  /** What is in it: `images`, `bytes`, `classes`, `pixels`, `counts` by split. */
  readonly stats: { readonly [name: string]: Json };
  readonly created_at: string;
}

/** Which versions are listed: those that fit every filter given. */
export interface DatasetFilter {
  readonly id?: string | undefined;
  readonly version?: number | undefined;
  readonly sha256?: string | undefined;
  /** 1–1,000, default 100. */
  readonly limit?: number | undefined;
}

/** Published versions, newest first. */
export async function datasetRows(sql: Sql | Transaction, filter: DatasetFilter = {}): Promise<DatasetRow[]> {
  const { id = null, version = null, sha256 = null, limit = 100 } = filter;
  const rows = await sql<DatasetRow[]>`
    select id, version, run_id, sha256, uri, spec, stats, created_at from datasets
    where (${id}::text is null or id = ${id}::text)
      and (${version}::int is null or version = ${version}::int)
      and (${sha256}::text is null or sha256 = ${sha256}::text)
    order by created_at desc, id, version desc limit ${clampLimit(limit)}::int`;
  return [...rows];
}
