import type { TrialRecord } from './study.ts';

/** Epochs that a trial was trained up to its last value; 0 before the first. */
export function epochsReached({ rungs }: TrialRecord): number {
  return rungs.at(-1)?.epochs ?? 0;
}

/** The trial with the best value of those that were trained furthest, failed ones left out; of equal ones the first. Null without any value. */
export function bestTrial(trials: readonly TrialRecord[]): TrialRecord | null {
  const [best = null] = trials.filter(({ rungs, failed }) => rungs.length > 0 && !failed).toSorted(compareTrials);
  return best;
}

/** Orders trials with values from the best to the worst: further trained ones first, then by value, then the older first. */
function compareTrials(a: TrialRecord, b: TrialRecord): number {
  return epochsReached(b) - epochsReached(a) || lastValue(b) - lastValue(a) || a.number - b.number;
}

function lastValue({ rungs }: TrialRecord): number {
  return rungs.at(-1)?.value ?? Number.NEGATIVE_INFINITY;
}
