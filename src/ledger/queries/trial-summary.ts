import type { BestTrial, TrialStatus } from '../../contracts/nas-search.ts';
import type { Sql } from '../connection.ts';

/** Where a search stands, by its rows. */
export interface TrialSummary {
  /** How many trials have each status; a status that none has is left out. */
  readonly counts: Readonly<Partial<Record<TrialStatus, number>>>;
  /** The first of the leaderboard; null while no trial has a value. */
  readonly best: BestTrial | null;
}

/** Counts the trials of a search and picks the best, in the order of `client/trials/rank.ts`. All zero and null when there are none. */
export async function trialSummary(sql: Sql, run: string): Promise<TrialSummary> {
  const [summary] = await sql<TrialSummary[]>`
    select
      (
        select coalesce(jsonb_object_agg(status, count), '{}')
        from (select status, count(*) from trials where run = ${run} group by status) by_status
      ) as counts,
      (
        select to_jsonb(first) from (
          select number, params, value, epochs, param_count from trials
          where run = ${run} and value is not null and status <> 'failed'
          order by epochs desc, value desc, number limit 1
        ) first
      ) as best`;
  return summary ?? { counts: {}, best: null };
}
