import type { Sql } from '../connection.ts';

/** A row of `metrics`: one point of a curve. */
export interface MetricRow {
  /** Id of the saga. */
  readonly run: string;
  /** 0 for a run without trials. */
  readonly trial: number;
  readonly step: number;
  readonly name: string;
  /** NaN and the infinities are values too: a loss may diverge. */
  readonly value: number;
}

/** Writes points, overwriting those of the same run, trial, step and name; of two such in one call the later counts. */
export async function putMetrics(sql: Sql, points: readonly MetricRow[]): Promise<void> {
  if (points.length === 0) return;
  const text = JSON.stringify(points.map((point) => ({ ...point, value: String(point.value) })));
  await sql`
    insert into metrics (run, trial, step, name, value)
    select distinct on (run, trial, step, name) run, trial, step, name, value
    from rows from (jsonb_to_recordset(${text}::text::jsonb)
      as (run text, trial int, step bigint, name text, value double precision)) with ordinality
      as point (run, trial, step, name, value, position)
    order by run, trial, step, name, position desc
    on conflict (run, trial, step, name) do update set value = excluded.value`;
}
