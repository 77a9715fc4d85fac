export { bestTrial } from './best-trial.ts';
export { SearchError, type SearchErrorCode } from './errors.ts';
export { nextRung } from './next-rung.ts';
export { rungLevels } from './rung-levels.ts';
export { type Ask, createSampler, type Outcome, type Sampler } from './sampler.ts';
export type { SamplerOptions } from './sampler-options.ts';
export type { NextRung, RungValue, StudySpec, TrialRecord } from './study.ts';
export type {
  CategoricalParameter,
  FloatParameter,
  IntParameter,
  Parameter,
  Params,
  ParamValue,
  SearchSpace,
  When,
} from '../contracts/search-space.ts';
