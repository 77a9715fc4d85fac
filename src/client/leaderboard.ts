import type { RunStatus } from '../contracts/ledger.ts';
import type { TrialRow, TrialStatus } from '../contracts/nas-search.ts';
import { listTrials } from '../ledger/queries/list-trials.ts';
import { trialCurves, type TrialCurve } from '../ledger/queries/trial-curves.ts';
import { trialSummary, type TrialSummary } from '../ledger/queries/trial-summary.ts';
import { callLedger, type Cerebros } from './connect.ts';
import { bestSoFar, rankTrials, type BestSoFar, type LeaderboardRow } from './trials/rank.ts';
import { requireSearch } from './trials/require-search.ts';

export type { BestSoFar, LeaderboardRow, TrialCurve, TrialSummary };

/** What a search has found so far. */
export interface Leaderboard {
  readonly search_id: string;
  readonly status: RunStatus;
  /** Of all trials, by status; a status that none has is left out. */
  readonly counts: TrialSummary['counts'];
  /** The best first; see `rankTrials`. */
  readonly trials: readonly LeaderboardRow[];
  /** Over all trials, by number. */
  readonly best_so_far: readonly BestSoFar[];
  /** Learning curves of the first 100 rows, in their order; a trial without an epoch has none. */
  readonly curves: readonly TrialCurve[];
}

export interface LeaderboardOptions {
  /** Rows at most, 1 to 10,000. Default: all. */
  readonly limit?: number | undefined;
}

const CURVES_MAX = 100;
/** A glance comes again and again, so that it does not wait. */
const GLANCE_MS = 1000;

/**
 * The trials of a search, the best first, with how it came to them; of an open search as far as it is. Throws RUN_NOT_FOUND (exit 4),
 * REFUSED (5) for a run of another kind, LEDGER_UNREACHABLE (3).
 */
export async function leaderboard(cerebros: Cerebros, id: string, { limit }: LeaderboardOptions = {}): Promise<Leaderboard> {
  const { status } = await requireSearch(cerebros, id);
  const rows = await callLedger(cerebros, (sql) => listTrials(sql, id));
  const trials = rankTrials(rows).slice(0, limit === undefined ? undefined : Math.max(1, limit));
  const shown = trials.slice(0, CURVES_MAX).map(({ number }) => number);
  const curves = await callLedger(cerebros, (sql) => trialCurves(sql, { run: id, trials: shown }));
  return { search_id: id, status, counts: countsOf(rows), trials, best_so_far: bestSoFar(rows), curves: inOrder(curves, shown) };
}

/** Where the trials of a search stand, in a few numbers; none for any other run. Throws LEDGER_UNREACHABLE (exit 3) within about 1 s. */
export function trialsOf(cerebros: Cerebros, id: string): Promise<TrialSummary> {
  return callLedger(cerebros, (sql) => trialSummary(sql, id), GLANCE_MS);
}

function countsOf(rows: readonly TrialRow[]): TrialSummary['counts'] {
  const counts: Partial<Record<TrialStatus, number>> = {};
  for (const { status } of rows) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

function inOrder(curves: readonly TrialCurve[], numbers: readonly number[]): TrialCurve[] {
  return numbers.flatMap((number) => curves.find(({ trial }) => trial === number) ?? []);
}
