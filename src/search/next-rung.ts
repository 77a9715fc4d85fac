import type { Params } from '../contracts/search-space.ts';
import { epochsReached } from './best-trial.ts';
import type { Observation } from './observation.ts';
import { finalPromotion, findPromotion, type Promotion } from './promotion.ts';
import { propose } from './propose.ts';
import { rungLevels } from './rung-levels.ts';
import type { NextRung, StudySpec, TrialRecord } from './study.ts';

/**
 * What to train next: a promising trial further, else a new one; null when there is nothing to do until a result comes, or at
 * all. It depends on its arguments alone, so that a study can be stopped anywhere and gone on with: the same trials give
 * the same answer. Each piece starts where the trial's last one ended, so nothing is trained twice.
 *
 * The last answers promote the best trial until one is trained in full, unless all have failed.
 *
 * @param trials - all so far, in order of number, with the pieces under way.
 * @throws SearchError `OPTIONS_INVALID` when `epochs` or the scheduler's numbers are out of range.
 */
export function nextRung(study: StudySpec, trials: readonly TrialRecord[]): NextRung | null {
  const levels = rungLevels(study.scheduler, study.epochs);
  const promotion = findPromotion(trials, levels, study.scheduler.reduction);
  if (promotion !== null) return furtherRung(promotion);
  const params = trials.length < study.max_trials ? nextParams(study, trials) : null;
  if (params !== null) return { number: trials.length, params, from_epochs: 0, to_epochs: levels[0] ?? study.epochs };
  const last = finalPromotion(trials, levels);
  return last === null ? null : furtherRung(last);
}

function furtherRung({ trial, to_epochs }: Promotion): NextRung {
  return { number: trial.number, params: trial.params, from_epochs: epochsReached(trial), to_epochs };
}

function nextParams(study: StudySpec, trials: readonly TrialRecord[]): Params | null {
  const number = trials.length;
  const enqueued = study.enqueue[number];
  if (enqueued !== undefined) return enqueued;
  return propose({
    sampler: study.sampler.name,
    space: study.space,
    seed: study.seed,
    number,
    observations: trials.flatMap(observe),
    tried: trials.map(({ params }) => params),
    feasible: study.feasible,
  });
}

function observe(trial: TrialRecord): readonly Observation[] {
  const { number, params, rungs, failed } = trial;
  const value = failed ? null : (rungs.at(-1)?.value ?? null);
  return failed || rungs.length > 0 ? [{ number, params, epochs: epochsReached(trial), value }] : [];
}
