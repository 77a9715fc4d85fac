import type { Sql } from '../connection.ts';

/**
 * Notes the progress that was shown of a run, in percent, and answers the largest so far; undefined when the run has no row. Kept in the
 * run's metadata, which a recovery sets anew: progress goes back only then.
 */
export async function raiseProgress(sql: Sql, id: string, progress: number): Promise<number | undefined> {
  const [row] = await sql<{ shown: number }[]>`
    update saga_runs set metadata = jsonb_set(
      metadata, '{progress_shown}', to_jsonb(greatest(coalesce((metadata ->> 'progress_shown')::numeric, 0), ${progress}::numeric))
    )
    where id = ${id}
    returning (metadata ->> 'progress_shown')::float8 as shown`;
  return row?.shown;
}
