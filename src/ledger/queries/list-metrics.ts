import type { Sql } from '../connection.ts';
import type { MetricRow } from './put-metrics.ts';

/** Which points `listMetrics` returns. */
export interface MetricFilter {
  readonly run: string;
  readonly trial?: number;
  readonly name?: string;
  /** 1–100,000, default 10,000. */
  readonly limit?: number;
}

const LIMIT_MAX = 100_000;

/** Points of a run by trial, name and step. */
export async function listMetrics(sql: Sql, { run, trial, name, limit = 10_000 }: MetricFilter): Promise<MetricRow[]> {
  const points = await sql<MetricRow[]>`
    select run, trial, step, name, value from metrics
    where run = ${run}
      and (${trial ?? null}::int is null or trial = ${trial ?? null}::int)
      and (${name ?? null}::text is null or name = ${name ?? null}::text)
    order by trial, name, step
    limit ${Math.max(1, Math.min(Math.trunc(limit) || 1, LIMIT_MAX))}::int`;
  return [...points];
}
