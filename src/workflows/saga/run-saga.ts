import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  continueAsNew,
  sleep,
  TemporalFailure,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import { ERROR_CODES } from '../../contracts/errors.ts';
import type { Json, RunStatus, SagaError } from '../../contracts/ledger.ts';
import { LIMITS } from '../../contracts/limits.ts';
import { encodeJson } from '../../contracts/payload-converter.ts';
import type { Plan } from '../../contracts/plan.ts';
import type { SagaClose } from '../../contracts/saga-close.ts';
import type { SeedStep } from '../../contracts/saga-start.ts';
import { SEARCH_ATTRIBUTES } from '../../contracts/search-attributes.ts';
import { handleMessages } from './controls.ts';
import { Engine } from './engine.ts';
import { showPhase } from './show-phase.ts';
import { refusal, stepErrorOf } from './step-error.ts';
import type { Body, Failure, Saga, SagaArguments } from './types.ts';
import { isUndoneToRecover, notReached, runFinalizer, undoLayers, unwind, withStuck } from './unwind.ts';

/**
 * Runs a saga: the body's steps, each with its undo pushed first; on a final failure or a cancel everything is undone (or kept, with
 * `on_failure: 'halt'`); the ledger follows, and the run closes only after its last flush. Returns the body's result, or throws the
 * typed failure of `SagaClose`.
 */
export async function runSaga<N extends string, I, R>(plan: Plan<N>, args: SagaArguments<I>, body: Body<N, R>): Promise<R> {
  return runEngine(plan, args, (engine) => body(sagaOf(engine)));
}

/** `runSaga` for a body that works on the engine itself: steps by index, and steps added while running. */
export async function runEngine<I, R>(plan: Plan, args: SagaArguments<I>, body: (engine: Engine) => Promise<R>): Promise<R> {
  const engine = new Engine(plan, args as SagaArguments<Json>);
  handleMessages(engine);
  engine.flusher.start();
  watchCancel(engine);
  const ended = await forward(engine, () => body(engine));
  return CancellationScope.nonCancellable(() => close(engine, ended, args.input)) as Promise<R>;
}

type Ended =
  | { readonly result: unknown }
  | { readonly error: SagaError; readonly status: SagaClose['status'] }
  | { readonly rollover: true };

function sagaOf<N extends string>(engine: Engine): Saga<N> {
  const indexOf = (name: N): number => engine.journal.steps.findIndex((step) => step.step_name === name);
  return {
    id: engine.journal.run.id,
    recoveryAttempts: engine.journal.run.recovery_attempts,
    step: (name, act, options = {}) => engine.step(indexOf(name), act, options),
    finally: (name, act, options = {}) => {
      if (!engine.journal.step(indexOf(name)).plan.always)
        throw refusal('ENGINE_MISUSE', `step ${name} is declared to run last: say always: true in its plan`);
      engine.last = { idx: indexOf(name), act, options };
    },
  };
}

/** Temporal's own cancel: the running step stops now, and everything is undone. */
function watchCancel(engine: Engine): void {
  CancellationScope.current().cancelRequested.catch(() => {
    engine.journal.setRun({ cancel_requested: true });
    if (!engine.ended) engine.fail({ reason: 'cancelled', message: 'cancelled on request', native: true });
  });
}

/** Everything up to the end of the run, whichever it is. */
async function forward(engine: Engine, body: () => Promise<unknown>): Promise<Ended> {
  const { reentry, at } = engine.start;
  if (reentry?.mode === 'rollback' || reentry?.mode === 'undo_retry') return undoAll(engine, body);
  if (reentry?.mode === 'recover') {
    const stuck = await undoTail(engine, body, reentry.from_step ?? 0);
    if (stuck) return stuck;
  }
  if (at !== undefined && !reentry) await startAt(engine, at);
  engine.begun = true;
  if (!engine.failure) engine.journal.setRun({ status: engine.paused ? 'paused' : 'running' });
  showPhase(engine);
  return goForward(engine, body);
}

async function goForward(engine: Engine, body: () => Promise<unknown>): Promise<Ended> {
  engine.beginPass('forward');
  const scope = new CancellationScope();
  const pass = track(scope.run(() => withFinalizer(engine, body)));
  await Promise.race([pass.end, engine.ending.promise]);
  if (engine.rollover && !engine.failure && !pass.settled) return { rollover: true };
  if (pass.error !== undefined) failWith(engine, pass.error);
  if (!engine.failure && engine.paused) await shielded(() => condition(() => !engine.paused || engine.failure !== undefined));
  if (!engine.failure) return { result: pass.value };
  await comeToRecorded(engine, pass);
  return afterFailure(engine, engine.failure, scope);
}

/** The body, then the step declared to run last. */
async function withFinalizer(engine: Engine, body: () => Promise<unknown>): Promise<unknown> {
  const result = await body();
  encodeJson(result, 'the result of the run', LIMITS.valueBytes);
  const { last } = engine;
  if (last) await engine.step(last.idx, last.act, last.options);
  return result;
}

/** A failure that the body itself threw; anything that is no Temporal failure is a bug, which fails the workflow task until it is mended. */
function failWith(engine: Engine, error: unknown): void {
  if (engine.failure) return;
  if (!(error instanceof TemporalFailure)) throw error;
  const { message } = stepErrorOf(error);
  const at = engine.journal.steps.findLast((step) => step.queued_at !== null) ?? engine.journal.step(0);
  engine.fail({ reason: `step_failed:${at.step_name}`, message });
}

async function afterFailure(engine: Engine, failure: Failure, scope: CancellationScope): Promise<Ended> {
  const halts = failure.halt === true || (engine.start.on_failure === 'halt' && failure.reason !== 'cancelled');
  if (failure.graceful || halts) await shielded(() => condition(() => engine.inFlight === 0));
  if (engine.paused && !failure.halt && failure.reason !== 'cancelled')
    await shielded(() => condition(() => !engine.paused || engine.journal.run.cancel_requested));
  engine.ended = true;
  if (halts && !engine.journal.run.cancel_requested)
    return { status: 'halted', error: { reason: failure.reason, compensate_from_idx: null, message: failure.message } };
  scope.cancel();
  return undo(engine, failure);
}

async function undo(engine: Engine, failure: Failure): Promise<Ended> {
  engine.ended = true;
  const started = engine.journal.steps.some((step) => step.status !== 'pending' && step.status !== 'skipped');
  const error = await unwind(engine, failure);
  const all = withStuck(error, await runFinalizer(engine));
  if (all.stuck) return { status: 'failed', error: all };
  return { status: failure.reason === 'cancelled' && !started ? 'cancelled' : 'rolled_back', error: all };
}

/** Rollback and undo-retry: the body hands back what is recorded and gathers its undos; nothing acts but they. */
async function undoAll(engine: Engine, body: () => Promise<unknown>): Promise<Ended> {
  await collect(engine, body);
  const { reason = 'cancelled', message = 'rolled back on request' } = engine.start.reentry?.error ?? {};
  return undo(engine, { reason, message });
}

/** Recover, first part: undoes the steps from `fromStep` on, and forgets them. Answers the end of the run when an undo is stuck. */
async function undoTail(engine: Engine, body: () => Promise<unknown>, fromStep: number): Promise<Ended | undefined> {
  engine.journal.setRun({ status: 'recovering' });
  showPhase(engine);
  await collect(engine, body);
  const entries = engine.stack.filter((entry) => entry.idx >= fromStep && isUndoneToRecover(engine.journal.step(entry.idx), entry));
  const lost = notReached(engine, fromStep);
  const stuck = [...lost, ...(await shielded(() => undoLayers(engine, entries)))];
  if (stuck.length > 0) {
    engine.ended = true;
    const from = entries.length > 0 ? Math.max(...entries.map((entry) => entry.idx)) : null;
    return {
      status: 'failed',
      error: {
        reason: `step_failed:${stuck[0]?.step_name}`,
        compensate_from_idx: from,
        message: 'the recovery could not undo what it was to run again',
        stuck,
      },
    };
  }
  engine.journal.forget(fromStep);
  return undefined;
}

/** How long a body that is run again may take to come to all recorded steps, in ms; it acts on nothing, so this bounds only a body that has changed. */
const COLLECT_MS = 10_000;

async function collect(engine: Engine, body: () => Promise<unknown>): Promise<void> {
  engine.beginPass('collect');
  await comeToRecorded(engine, track(body()));
}

/** Lets a pass come to what is recorded, so that its undos are known. */
async function comeToRecorded(engine: Engine, pass: Tracked): Promise<void> {
  const there = (): boolean => pass.settled || engine.unreached().length === 0;
  if (!there()) await shielded(() => condition(there, COLLECT_MS));
}

/** Sleeps until the time given, unless the run is halted or cancelled before. */
async function startAt(engine: Engine, at: string): Promise<void> {
  const wait = Date.parse(at) - Date.now();
  if (wait <= 0) return;
  showPhase(engine, `Starts at ${at}.`);
  const timer = new CancellationScope();
  const slept = track(timer.run(() => sleep(wait, { summary: `start at ${at}` })));
  await Promise.race([slept.end, engine.ending.promise]);
  timer.cancel();
}

async function close(engine: Engine, ended: Ended, input: unknown): Promise<unknown> {
  if ('rollover' in ended) return rollOver(engine, input);
  engine.ended = true;
  const status: RunStatus = 'result' in ended ? 'completed' : ended.status;
  const error = 'error' in ended ? ended.error : null;
  const result = 'result' in ended ? ((ended.result ?? null) as Json) : null;
  if (status !== 'halted') giveUpUnknown(engine);
  engine.journal.setRun({ status, error, result, completed_at: new Date().toISOString() });
  engine.journal.touchAll();
  upsertStatus(status, error);
  showPhase(engine);
  await engine.flusher.drain();
  await condition(allHandlersFinished);
  if ('result' in ended) return ended.result;
  throw closingFailure(engine, ended);
}

/** A step whose outcome was never learned, and that has no undo: it is over. */
function giveUpUnknown(engine: Engine): void {
  for (const step of engine.journal.steps) if (step.status === 'running') engine.journal.setStep(step.step_idx, { status: 'cancelled' });
}

function closingFailure(engine: Engine, ended: { readonly error: SagaError; readonly status: SagaClose['status'] }): Error {
  const { failure } = engine;
  if (failure?.native && ended.status !== 'failed') return new CancelledFailure(`${ended.status}: ${failure.message}`);
  const details: SagaClose = { ...ended, ...(failure?.step ? { failed_step: failure.step } : {}) };
  const type = {
    failed: ERROR_CODES.SAGA_FAILED,
    rolled_back: ERROR_CODES.SAGA_ROLLED_BACK,
    halted: ERROR_CODES.SAGA_HALTED,
    cancelled: ERROR_CODES.SAGA_CANCELLED,
  }[ended.status];
  return ApplicationFailure.nonRetryable(`${ended.status}: ${ended.error.message ?? ended.error.reason}`, type, details);
}

/** Continues as new: what is in flight has finished; the next run starts from the same rows. */
async function rollOver(engine: Engine, input: unknown): Promise<never> {
  engine.journal.touchAll();
  await engine.flusher.drain();
  await condition(allHandlersFinished);
  const { run, runNo, steps } = engine.journal;
  const { reentry: _earlier, at: _at, ...rest } = engine.start;
  const start = {
    ...rest,
    reentry: {
      mode: 'continue' as const,
      run_no: runNo + 1,
      root_run_id: run.root_run_id ?? '',
      created_at: run.created_at,
      started_at: run.started_at,
      recovery_attempts: run.recovery_attempts,
      steps: steps.filter((step) => step.status !== 'pending').map(seedOf),
      dynamic_steps: run.plan.slice(engine.plannedSteps),
      paused: engine.paused,
    },
  };
  encodeJson(start, 'the state carried to the next run', LIMITS.seedBytes);
  return continueAsNew(input, start);
}

function seedOf(step: Engine['journal']['steps'][number]): SeedStep {
  const { step_idx, status, output, attempts, worker_id, queued_at, started_at, completed_at, generation } = step;
  const known = { worker_id, queued_at, started_at, completed_at };
  const times = Object.fromEntries(Object.entries(known).filter(([, value]) => value !== null));
  return { step_idx, status, output, attempts, generation, ...times };
}

function upsertStatus(status: RunStatus, error: SagaError | null): void {
  const needs = status === 'halted' ? 'recovery' : error?.stuck ? 'undo' : undefined;
  upsertSearchAttributes([
    { key: SEARCH_ATTRIBUTES.status, value: status },
    ...(needs ? [{ key: SEARCH_ATTRIBUTES.needs, value: needs }] : []),
  ]);
}

function shielded<T>(wait: () => Promise<T>): Promise<T> {
  return CancellationScope.nonCancellable(wait);
}

interface Tracked {
  readonly end: Promise<void>;
  settled: boolean;
  value?: unknown;
  error?: unknown;
}

/** A promise as state, so that a condition can wait for it among other things; never left without a handler. */
function track(promise: Promise<unknown>): Tracked {
  const end = promise.then(
    (value) => void Object.assign(tracked, { settled: true, value }),
    (error: unknown) => void Object.assign(tracked, { settled: true, error: error ?? refusal('ENGINE_MISUSE', 'the body threw nothing') }),
  );
  const tracked: Tracked = { end, settled: false };
  return tracked;
}
