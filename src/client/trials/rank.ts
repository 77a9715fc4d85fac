import type { TrialRow } from '../../contracts/nas-search.ts';

/** A row of the leaderboard. */
export interface LeaderboardRow extends Omit<TrialRow, 'run' | 'version'> {
  /** From 1; null for a trial that has no value yet, or that failed. */
  readonly rank: number | null;
}

/** Who led once this trial counted. */
export interface BestSoFar {
  /** Of the trial. */
  readonly number: number;
  /** The best of the trials up to this one, by number. */
  readonly best: number;
  /** Its value after `epochs` epochs. It falls when a trial takes the lead that was trained for longer. */
  readonly value: number;
  readonly epochs: number;
}

type Evaluated = TrialRow & { readonly value: number };

/**
 * The trials from the best to the worst. Values after more epochs come first, because accuracies after different numbers of epochs do
 * not compare; of the same epochs the higher one; of equals the older trial. Trials without a value follow, then failed ones, by number.
 */
export function rankTrials(trials: readonly TrialRow[]): LeaderboardRow[] {
  const ranked = trials.filter(isEvaluated).toSorted(byMerit);
  const open = trials.filter((trial) => !isEvaluated(trial) && trial.status !== 'failed').toSorted(byNumber);
  const failed = trials.filter((trial) => trial.status === 'failed').toSorted(byNumber);
  return [...ranked.map((trial, idx) => rowOf(trial, idx + 1)), ...[...open, ...failed].map((trial) => rowOf(trial, null))];
}

/** The lead after each trial that has a value, by number; the last one is the first of the leaderboard. */
export function bestSoFar(trials: readonly TrialRow[]): BestSoFar[] {
  let leader: Evaluated | undefined;
  return trials
    .filter(isEvaluated)
    .toSorted(byNumber)
    .map((trial) => {
      leader = leader === undefined || byMerit(trial, leader) < 0 ? trial : leader;
      return { number: trial.number, best: leader.number, value: leader.value, epochs: leader.epochs };
    });
}

function isEvaluated(trial: TrialRow): trial is Evaluated {
  return trial.value !== null && trial.status !== 'failed';
}

function byMerit(a: Evaluated, b: Evaluated): number {
  return b.epochs - a.epochs || b.value - a.value || a.number - b.number;
}

function byNumber(a: TrialRow, b: TrialRow): number {
  return a.number - b.number;
}

function rowOf({ run: _run, version: _version, ...trial }: TrialRow, rank: number | null): LeaderboardRow {
  return { rank, ...trial };
}
