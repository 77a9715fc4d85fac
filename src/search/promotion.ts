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
    const [from = 0, to_epochs = 0] = levels.slice(rung);
    const reached = reachedRung(trials, from);
    const best = bestWaiting(reached, from);
    if (best === undefined) continue;
    const ahead = reached.filter((other) => compareReached(other, best) < 0).length;
    if (ahead < Math.floor(reached.length / reduction)) return { trial: best.trial, to_epochs };
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

interface Reached {
  readonly trial: TrialRecord;
  readonly value: number;
}

function reachedRung(trials: readonly TrialRecord[], epochs: number): readonly Reached[] {
  const reached: Reached[] = [];
  for (const trial of trials) {
    const rung = trial.rungs.find((one) => one.epochs === epochs);
    if (rung !== undefined) reached.push({ trial, value: rung.value });
  }
  return reached;
}

/** The best of those that stand at a rung and can go on from there. */
function bestWaiting(reached: readonly Reached[], from: number): Reached | undefined {
  let best: Reached | undefined;
  for (const one of reached) {
    const { failed, outstanding_to } = one.trial;
    const waits = !failed && outstanding_to === null && epochsReached(one.trial) === from;
    if (waits && (best === undefined || compareReached(one, best) < 0)) best = one;
  }
  return best;
}

function compareReached(a: Reached, b: Reached): number {
  return b.value - a.value || a.trial.number - b.trial.number;
}
