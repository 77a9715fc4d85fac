import { ApplicationFailure, setHandler } from '@temporalio/workflow';
import { ERROR_CODES } from '../contracts/errors.ts';
import {
  jobHaltSignal,
  jobPauseSignal,
  jobResumeSignal,
  MESSAGE_DESCRIPTIONS,
  studyEnqueueUpdate,
  studyExtendUpdate,
  studyParallelUpdate,
  studyQuery,
  studyStopUpdate,
} from '../contracts/messages.ts';
import { paramsIssues } from '../contracts/nas-architecture.ts';
import type { StudyView } from '../contracts/nas-search.ts';
import type { StudyInput } from '../contracts/nas-study.ts';

/** What messages need of a study. */
export interface EditableStudy {
  paused: boolean;
  halting: boolean;
  readonly ended: boolean;
  readonly view: StudyView;
  /** Whether configurations are checked: `noop` takes any. */
  readonly checksParams: boolean;
  edit(input: StudyInput): Promise<StudyView>;
}

const MAX_TRIALS = 10_000;
const MAX_PARALLEL = 64;

/** Answers the query, takes live edits, and is paused and halted with the search; validators are synchronous and change nothing. */
export function handleStudyMessages(study: EditableStudy): void {
  const described = MESSAGE_DESCRIPTIONS;
  setHandler(studyQuery, () => study.view, { description: described.study });
  setHandler(jobPauseSignal, () => void (study.paused = true), { description: described.jobPause });
  setHandler(jobResumeSignal, () => void (study.paused = false), { description: described.jobResume });
  setHandler(jobHaltSignal, () => void (study.halting = true), { description: described.jobHalt });
  setHandler(studyExtendUpdate, ({ max_trials }) => study.edit({ type: 'extend', max_trials }), {
    description: described.studyExtend,
    validator: (input) =>
      refuseEnded(study) ?? refuseNumber('max_trials', input?.max_trials, { min: Math.max(1, study.view.trials.started), max: MAX_TRIALS }),
  });
  setHandler(studyParallelUpdate, ({ parallel }) => study.edit({ type: 'parallel', parallel }), {
    description: described.studyParallel,
    validator: (input) => refuseEnded(study) ?? refuseNumber('parallel', input?.parallel, { min: 1, max: MAX_PARALLEL }),
  });
  setHandler(studyEnqueueUpdate, ({ params }) => study.edit({ type: 'enqueue', params }), {
    description: described.studyEnqueue,
    validator: (input) => refuseEnded(study) ?? refuseParams(study, input?.params),
  });
  setHandler(studyStopUpdate, () => study.edit({ type: 'stop', reason: 'stopped' }), {
    description: described.studyStop,
    validator: () => refuseEnded(study),
  });
}

function refuseEnded({ ended, halting, view }: EditableStudy): void {
  if (ended || halting || view.status === 'done') refuse(`the study is ${halting ? 'halting' : 'over'}`);
}

function refuseNumber(name: string, value: unknown, { min, max }: { readonly min: number; readonly max: number }): void {
  const fits = typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
  if (!fits) refuse(`${name}: expected a whole number from ${min} to ${max}, got ${JSON.stringify(value)}`);
}

function refuseParams(study: EditableStudy, params: unknown): void {
  if (typeof params !== 'object' || params === null || Array.isArray(params))
    return refuse(`params: expected an object of parameters, got ${JSON.stringify(params)}`);
  const issue = study.checksParams ? paramsIssues(params as Parameters<typeof paramsIssues>[0])[0] : undefined;
  if (issue) refuse(`params.${issue.path.join('.')}: ${issue.message}`);
}

function refuse(message: string): never {
  throw ApplicationFailure.nonRetryable(message, ERROR_CODES.REFUSED);
}
