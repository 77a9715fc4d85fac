import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Json, SagaRun } from './ledger.ts';
import type { StudyView } from './nas-search.ts';
import type { ProgressObject } from './progress.ts';
import type { Params } from './search-space.ts';
import type { Decision } from './step-protocol.ts';

/** Answer to a control: the run's status right after it was taken. */
export interface ControlAnswer {
  readonly status: SagaRun['status'];
}

/** Why each message is what it is: controls are updates, so that a validator can refuse them and the caller learns the outcome. */
export const pauseUpdate = defineUpdate<ControlAnswer>('pause');
export const resumeUpdate = defineUpdate<ControlAnswer>('resume');
export const haltUpdate = defineUpdate<ControlAnswer>('halt');
/** Lets the running steps finish, then undoes. `cancel` itself is Temporal's own cancellation. */
export const cancelAfterStepUpdate = defineUpdate<ControlAnswer>('cancelAfterStep');
export const skipUpdate = defineUpdate<ControlAnswer, [SkipInput]>('skip');

export interface SkipInput {
  /** Name or index. */
  readonly step: string;
  readonly result: Json;
}

/** Ends a sleep early. */
export const wakeUpdate = defineUpdate<ControlAnswer, [{ readonly step: string }]>('wake');
/** Decides what a step asks for; answers the decision that counts, which a repeated one with the same id gets again. */
export const decideUpdate = defineUpdate<Decision, [DecideInput]>('decide');

export interface DecideInput {
  /** Name or index. */
  readonly step: string;
  readonly decision: 'approved' | 'rejected';
  /** Who decides, as asserted. */
  readonly by: string;
  readonly comment: string | null;
  /** Made by the caller, once for each decision. */
  readonly decision_id: string;
}

/** Live edits of a search, to its study (`studyId`): updates for the same reason; each answers where the study stands then. */
export const studyExtendUpdate = defineUpdate<StudyView, [{ readonly max_trials: number }]>('studyExtend');
export const studyParallelUpdate = defineUpdate<StudyView, [{ readonly parallel: number }]>('studyParallel');
export const studyEnqueueUpdate = defineUpdate<StudyView, [{ readonly params: Params }]>('studyEnqueue');
export const studyStopUpdate = defineUpdate<StudyView>('studyStop');

/** Relayed by a saga to the jobs and sub-sagas it started: signals, because a workflow cannot send an update. */
export const jobPauseSignal = defineSignal('jobPause');
export const jobResumeSignal = defineSignal('jobResume');
export const jobHaltSignal = defineSignal('jobHalt');

/** The rows as the run knows them: answered without the ledger. */
export const showQuery = defineQuery<SagaRun>('show');
export const progressQuery = defineQuery<ProgressObject>('progress');
/** Of a study: answered from its state, which may be ahead of the table `trials`. */
export const studyQuery = defineQuery<StudyView>('study');

/** One sentence each, shown in Temporal Web. */
export const MESSAGE_DESCRIPTIONS = {
  pause: 'Start no new step; running ones finish, timers run on.',
  resume: 'Go on after a pause.',
  halt: 'Stop at the next step boundary and keep everything; recover or rollback later.',
  cancelAfterStep: 'Let the running steps finish, then undo everything.',
  skip: 'Take the given result for a step that has not started: {step, result}.',
  show: 'The run and its steps, as in the ledger.',
  progress: 'Progress from 0 to 100 with the state of each task.',
  wake: 'End the sleep of a step early: {step}.',
  decide: 'Decide what a step asks for: {step, decision: approved or rejected, by, comment, decision_id}.',
  studyExtend: 'Let the search start this many trials in all: {max_trials}.',
  studyParallel: 'Keep this many trials in flight from now on: {parallel}.',
  studyEnqueue: 'Try this configuration before the sampler is asked again: {params}.',
  studyStop: 'Start no new trial and end the search with the best so far.',
  study: 'Trials by state, the best so far and the limits of the search.',
  jobPause: 'Pause the job at its next checkpoint.',
  jobResume: 'Let a paused job go on.',
  jobHalt: 'Stop at the next boundary and keep everything, because the owner halts.',
} as const;
