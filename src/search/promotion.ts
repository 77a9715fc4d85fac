import { bestTrial, epochsReached } from './best-trial.ts';
import type { TrialRecord } from './study.ts';

/** A trial and the epochs it should reach next. */
export interface Promotion {
  readonly trial: TrialRecord;
  readonly to_epochs: number;
}

/**
 * Asynchronous successive halving, the kind that promotes (Li et al. 2020): from the highest rung down, a trial among the best
 * 1/`reduction` of all that have a value there, if it has not gone on and has not failed. Null when no rung has one.
 */
export function findPromotion(trials: readonly TrialRecord[], levels: readonly number[], reduction: number): Promotion | null {
  for (let rung = levels.length - 2; rung >= 0; rung--) {
    const [from = 0, to = 0] = levels.slice(rung);
    const trial = bestOfRung(trials, from, reduction).find((candidate) => canGoOn(candidate, from));
    if (trial !== undefined) return { trial, to_epochs: to };
  }
  return null;
}

/** The best trial one rung on, when nothing was trained in full and nothing is under way; else null. */
export function finalPromotion(trials: readonly TrialRecord[], levels: readonly number[]): Promotion | null {
  const best = bestTrial(trials);
  const underWay = trials.some(({ outstanding_to, failed }) => outstanding_to !== null && !failed);
  if (best === null || underWay) return null;
  const next = levels.find((level) => level > epochsReached(best));
  return next === undefined ? null : { trial: best, to_epochs: next };
}

function bestOfRung(trials: readonly TrialRecord[], epochs: number, reduction: number): readonly TrialRecord[] {
  const reached = trials.flatMap((trial) => {
    const value = trial.rungs.find((rung) => rung.epochs === epochs)?.value;
    return value === undefined ? [] : [{ trial, value }];
  });
  const best = reached.toSorted((a, b) => b.value - a.value || a.trial.number - b.trial.number);
  return best.slice(0, Math.floor(reached.length / reduction)).map(({ trial }) => trial);
}

function canGoOn(trial: TrialRecord, from: number): boolean {
  return !trial.failed && trial.outstanding_to === null && epochsReached(trial) === from;
}
