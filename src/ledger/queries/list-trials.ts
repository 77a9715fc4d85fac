import type { TrialRow } from '../../contracts/nas-search.ts';
import type { Sql } from '../connection.ts';

/** As many as a search may have. */
const TRIALS_MAX = 10_000;

/** The trials of a search, by number; none when there are none. */
export async function listTrials(sql: Sql, run: string): Promise<TrialRow[]> {
  const trials = await sql<TrialRow[]>`
    select run, number, params, status, value, epochs, param_count, weights_sha256, engine, error, started_at, completed_at, version
    from trials where run = ${run} order by number limit ${TRIALS_MAX}::int`;
  return [...trials];
}
