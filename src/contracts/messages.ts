import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Json, SagaRun } from './ledger.ts';
import type { ProgressObject } from './progress.ts';

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

/** Relayed by a saga to the jobs it started: signals, because a workflow cannot send an update. */
export const jobPauseSignal = defineSignal('jobPause');
export const jobResumeSignal = defineSignal('jobResume');

/** The rows as the run knows them: answered without the ledger. */
export const showQuery = defineQuery<SagaRun>('show');
export const progressQuery = defineQuery<ProgressObject>('progress');

/** One sentence each, shown in Temporal Web. */
export const MESSAGE_DESCRIPTIONS = {
  pause: 'Start no new step; running ones finish, timers run on.',
  resume: 'Go on after a pause.',
  halt: 'Stop at the next step boundary and keep everything; recover or rollback later.',
  cancelAfterStep: 'Let the running steps finish, then undo everything.',
  skip: 'Take the given result for a step that has not started: {step, result}.',
  show: 'The run and its steps, as in the ledger.',
  progress: 'Progress from 0 to 100 with the state of each task.',
  jobPause: 'Pause the job at its next checkpoint.',
  jobResume: 'Let a paused job go on.',
} as const;
