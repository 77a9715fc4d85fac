import {
  ApplicationFailure,
  CancellationScope,
  getExternalWorkflowHandle,
  log,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import { ERROR_CODES } from '../../contracts/errors.ts';
import {
  cancelAfterStepUpdate,
  haltUpdate,
  jobHaltSignal,
  jobPauseSignal,
  jobResumeSignal,
  MESSAGE_DESCRIPTIONS,
  pauseUpdate,
  progressQuery,
  resumeUpdate,
  showQuery,
  skipUpdate,
  type ControlAnswer,
  type SkipInput,
} from '../../contracts/messages.ts';
import { stepIndex } from '../../contracts/plan.ts';
import { encodeJson } from '../../contracts/payload-converter.ts';
import { LIMITS } from '../../contracts/limits.ts';
import { progressOf } from '../../contracts/progress.ts';
import { SEARCH_ATTRIBUTES } from '../../contracts/search-attributes.ts';
import type { Engine } from './engine.ts';
import { handleSuspensions } from './suspension-messages.ts';

/** Answers queries and takes controls; each control's validator is synchronous and changes nothing. */
export function handleMessages(engine: Engine): void {
  const { journal } = engine;
  const answer = (): ControlAnswer => ({ status: journal.run.status });
  setHandler(showQuery, () => journal.rows(), { description: MESSAGE_DESCRIPTIONS.show });
  setHandler(progressQuery, () => progressOf(journal.rows(), { now: Date.now() }), { description: MESSAGE_DESCRIPTIONS.progress });
  setHandler(pauseUpdate, () => (setPaused(engine, true), answer()), {
    description: MESSAGE_DESCRIPTIONS.pause,
    validator: () => refuseUnless(!engine.paused, 'the run is paused already') ?? refuseIfEnding(engine),
  });
  setHandler(resumeUpdate, () => (setPaused(engine, false), answer()), {
    description: MESSAGE_DESCRIPTIONS.resume,
    validator: () => refuseUnless(engine.paused && !engine.ended, `the run is not paused, it is ${journal.run.status}`),
  });
  setHandler(haltUpdate, () => (halt(engine), answer()), {
    description: MESSAGE_DESCRIPTIONS.halt,
    validator: () => refuseIfEnding(engine),
  });
  setHandler(cancelAfterStepUpdate, () => (cancelAfterStep(engine), answer()), {
    description: MESSAGE_DESCRIPTIONS.cancelAfterStep,
    validator: () => refuseIfEnding(engine),
  });
  setHandler(skipUpdate, (input) => (skip(engine, input), answer()), {
    description: MESSAGE_DESCRIPTIONS.skip,
    validator: (input) => refuseSkip(engine, input),
  });
  handleSuspensions(engine);
  handleOwner(engine);
}

/** A sub-saga is paused and halted with its owner. */
function handleOwner(engine: Engine): void {
  const going = (): boolean => !engine.failure && !engine.ended;
  setHandler(jobPauseSignal, () => void (going() && !engine.paused && setPaused(engine, true)), {
    description: MESSAGE_DESCRIPTIONS.jobPause,
  });
  setHandler(jobResumeSignal, () => void (engine.paused && !engine.ended && setPaused(engine, false)), {
    description: MESSAGE_DESCRIPTIONS.jobResume,
  });
  setHandler(jobHaltSignal, () => void (going() && halt(engine)), { description: MESSAGE_DESCRIPTIONS.jobHalt });
}

function setPaused(engine: Engine, paused: boolean): void {
  engine.paused = paused;
  const going = engine.begun ? 'running' : engine.start.reentry ? 'recovering' : 'pending';
  const status = paused ? 'paused' : going;
  engine.journal.setRun({ status });
  upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.status, value: status }]);
  relay(engine, paused ? jobPauseSignal : jobResumeSignal);
}

function halt(engine: Engine): void {
  engine.fail({ reason: 'halted', message: 'halted on request', halt: true, graceful: true });
  engine.suspensions.endAll();
  relay(engine, jobHaltSignal);
}

function cancelAfterStep(engine: Engine): void {
  engine.journal.setRun({ cancel_requested: true });
  engine.fail({ reason: 'cancelled', message: 'cancelled on request, after the running step', graceful: true });
  engine.suspensions.endAll();
}

function skip(engine: Engine, input: SkipInput): void {
  const idx = stepIndex({ kind: '', steps: engine.journal.run.plan }, input.step) ?? 0;
  engine.outputs.put(idx, input.result);
  engine.journal.setStep(idx, { status: 'skipped', outcome: 'done', output: input.result, completed_at: new Date().toISOString() });
}

/** Passes a control on to the jobs and children that the run has started; one that has closed meanwhile does not mind. */
function relay(engine: Engine, signal: typeof jobPauseSignal | typeof jobResumeSignal | typeof jobHaltSignal): void {
  for (const job of engine.jobs) {
    void CancellationScope.nonCancellable(() => getExternalWorkflowHandle(job).signal(signal.name)).catch((error: unknown) =>
      log.info('job is not running any more', { job, error }),
    );
  }
}

function refuseSkip(engine: Engine, input: { readonly step?: unknown; readonly result?: unknown }): void {
  refuseIfEnding(engine);
  const { step, result } = input ?? {};
  refuseUnless(typeof step === 'string' && result !== undefined, 'expected {step, result}, with step a name or an index');
  const plan = { kind: '', steps: engine.journal.run.plan };
  const idx = stepIndex(plan, step as string);
  if (idx === undefined)
    return refuse(`expected a step of this run (${plan.steps.map((each) => each.name).join(', ')}), got "${String(step)}"`);
  const { status } = engine.journal.step(idx);
  refuseUnless(status === 'pending', `step ${String(step)} is ${status}; only a step that has not started can be skipped`);
  encodeJson(result, `the result given for step ${String(step)}`, LIMITS.valueBytes);
}

function refuseIfEnding(engine: Engine): void {
  const { status } = engine.journal.run;
  refuseUnless(!engine.failure && !engine.ended, `the run is ${status} and ending`);
}

function refuseUnless(fits: boolean, message: string): void {
  if (!fits) refuse(message);
}

function refuse(message: string): void {
  throw ApplicationFailure.nonRetryable(message, ERROR_CODES.REFUSED);
}
