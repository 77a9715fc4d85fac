import {
  ActivityCancellationType,
  proxyActivities,
  proxyLocalActivities,
  sleep,
  workflowInfo,
  type ActivityOptions,
  type RetryPolicy,
} from '@temporalio/workflow';
import { formatCallId, formatIdempotencyKey, type CallPhase } from '../../contracts/ids.ts';
import type { Json } from '../../contracts/ledger.ts';
import { encodeJson, isMalformed } from '../../contracts/payload-converter.ts';
import type { PlanStep } from '../../contracts/plan.ts';
import type { StepCallInput, StepReturn } from '../../contracts/step-call.ts';
import type { ExternalApproval, ExternalSleep, Resume } from '../../contracts/step-protocol.ts';
import type { TaskBudget } from './budget.ts';
import { refusal } from './step-error.ts';
import type { Traffic } from './traffic.ts';
import { LIMITS } from '../../contracts/limits.ts';

/** The step on whose behalf code runs; an act or undo may make one call. */
export interface CallScope {
  readonly saga_id: string;
  readonly root_run_id: string;
  readonly step: PlanStep;
  readonly step_idx: number;
  readonly phase: CallPhase;
  readonly n: number;
  readonly generation: number;
  /** How often the run has been recovered. */
  readonly recoveries: number;
  readonly budget: TaskBudget;
  readonly traffic: Traffic;
  /** Set by the call: what it gave, and how it came about. */
  made?: { readonly activity_id: string; output?: unknown; returned?: StepReturn };
  /** Told of the call as it is made. */
  readonly onCall: (activityId: string) => void;
  /** Told of a job or child that is started, so that a pause or halt can be passed on to it. */
  readonly onJob: (workflowId: string) => void;
  /** Suspends the step: what call `n` of it asked for. */
  readonly suspend: (request: ExternalSleep | ExternalApproval, n: number) => Promise<Resume>;
}

/**
 * The step whose act or undo is being called. No `AsyncLocalStorage`: each promise of a worker costs time for each one there is, and
 * there would be one for each workflow in its cache.
 */
let current: CallScope | undefined;

/** Calls an act or undo; the call that it makes, before it awaits anything, carries the step's ids. */
export function withCallScope<T>(scope: CallScope, act: () => Promise<T>): Promise<T> {
  const outer = current;
  current = scope;
  try {
    return act();
  } finally {
    current = outer;
  }
}

/** Activities as a body calls them: one object in, one out; the worker's second parameter is the engine's. */
export type StepCalls<A> = {
  readonly [K in keyof A]: A[K] extends (input: infer I, ...rest: never[]) => Promise<infer O> ? (input: I) => Promise<O> : never;
};

/**
 * The activities of a worker (the type of what `serveSteps` takes), callable inside `saga.step` and its undo. Queue, timeouts and
 * retries come from the plan's step; calling one elsewhere is refused.
 */
export function callSteps<A>(): StepCalls<A> {
  return new Proxy({} as StepCalls<A>, {
    get: (_, type) => (input: unknown) => callActivity(String(type), input),
  });
}

async function callActivity(type: string, input: unknown): Promise<unknown> {
  const scope = takeScope(type);
  const call: StepCallInput = {
    saga_id: scope.saga_id,
    step_name: scope.step.name,
    idempotency_key: idempotencyKeyOf(scope),
  };
  const waiting = chargeInput(scope, input);
  if (waiting) await waiting;
  const calledAt = Date.now();
  const returned = checkReturn(await runCall(scope, type, [input, call]), scope.step.name);
  scope.traffic.heard(calledAt, returned);
  return settle(scope, returned);
}

/** The same for every attempt at the effect, and for every call of it. */
export function idempotencyKeyOf({ saga_id, root_run_id, step_idx, phase, generation }: CallScope): string {
  return formatIdempotencyKey({ id: saga_id, root_run_id, step_idx, call: 0, phase: phase === 'undo' ? 'undo' : 'do', generation });
}

type AnyActivity = (...args: readonly unknown[]) => Promise<unknown>;

export function runCall(scope: CallScope, type: string, args: readonly unknown[]): Promise<unknown> {
  if (scope.step.light) return runLight(scope, type, args);
  const activities = proxyActivities<Record<string, AnyActivity>>(activityOptions(scope));
  return required(activities[type])(...args);
}

async function runLight(scope: CallScope, type: string, args: readonly unknown[]): Promise<unknown> {
  const { startToCloseTimeout, retry } = activityOptions(scope);
  const summary = `${activityId(scope)} ${scope.step.label ?? ''}`.trim();
  const activities = proxyLocalActivities<Record<string, AnyActivity>>({
    ...(startToCloseTimeout === undefined ? {} : { startToCloseTimeout }),
    ...(retry === undefined ? {} : { retry }),
    summary,
  });
  scope.traffic.light += 1;
  try {
    return await required(activities[type])(...args);
  } finally {
    scope.traffic.light -= 1;
  }
}

/** Puts a value into the history, for a step whose `compensate` continued with it. */
export async function recordValue(scope: CallScope, value: Json): Promise<void> {
  const { keepValue } = proxyLocalActivities<{ keepValue: (input: unknown) => Promise<StepReturn> }>({
    startToCloseTimeout: '10 seconds',
    summary: activityId(scope),
  });
  await keepValue({ value });
}

export function takeScope(what: string): CallScope {
  const scope = current;
  if (!scope) {
    const cure = 'call it inside saga.step(…) or its undo, before anything is awaited; a step makes one call';
    throw refusal('ENGINE_MISUSE', `${what} was called outside of a step: ${cure}`);
  }
  if (scope.made)
    throw refusal('ENGINE_MISUSE', `step ${scope.step.name} called ${what} after another call: a step makes one call, split it`);
  scope.made = { activity_id: activityId(scope) };
  scope.onCall(scope.made.activity_id);
  return scope;
}

/** Refuses an input that is over a bound, or no JSON. An undo is not refused for what others send: it waits, and only then there is a promise, for a later workflow task. */
export function chargeInput(scope: CallScope, input: unknown): Promise<void> | undefined {
  const bytes = encodeJson(input, `the input of step ${scope.step.name}`, LIMITS.valueBytes).length;
  if (scope.phase === 'undo' && !scope.budget.fits(bytes)) return chargeLater(scope, bytes);
  scope.budget.charge(bytes, scope.step.name);
  return undefined;
}

async function chargeLater(scope: CallScope, bytes: number): Promise<void> {
  while (!scope.budget.fits(bytes)) await sleep(1, { summary: 'undo in a later workflow task' });
  scope.budget.charge(bytes, scope.step.name);
}

export function settle(scope: CallScope, returned: { readonly output?: unknown; readonly attempt: number }): unknown {
  scope.made = {
    activity_id: activityId(scope),
    output: returned.output,
    ...('worker_id' in returned ? { returned: returned as StepReturn } : {}),
  };
  return returned.output;
}

function checkReturn(returned: unknown, step: string): StepReturn {
  if (isMalformed(returned)) throw refusal('MALFORMED_RESULT', `step ${step}: ${returned.__malformed}`);
  const shape = returned as Partial<StepReturn> | null | undefined;
  const fits =
    typeof shape === 'object' &&
    shape !== null &&
    typeof shape.attempt === 'number' &&
    typeof shape.worker_id === 'string' &&
    typeof shape.started_at === 'string' &&
    (shape.took_ms === undefined || typeof shape.took_ms === 'number') &&
    (shape.steps === undefined || Array.isArray(shape.steps));
  if (!fits)
    throw refusal(
      'MALFORMED_RESULT',
      `step ${step}: expected {output, attempt, worker_id, started_at} from its worker, got ${JSON.stringify(returned)?.slice(0, 200)}`,
    );
  return shape as StepReturn;
}

export function activityId(scope: CallScope): string {
  return formatCallId({ step_idx: scope.step_idx, step_name: scope.step.name, phase: scope.phase, n: scope.n });
}

/** Retries of a step whose plan does not say. */
export const DEFAULT_RETRIES = 3;
const DEFAULTS = { undoRetries: 9, timeoutMs: 5 * 60_000, heartbeatMs: 10_000, scheduleToStartMs: 10 * 60_000 } as const;

/** Retries after 1 s, 2 s, 4 s …; an undo has its own, more patient, policy. */
function activityOptions(scope: CallScope): ActivityOptions {
  const { step, phase } = scope;
  const undoing = phase === 'undo';
  const retries = undoing ? (step.undo?.max_retries ?? DEFAULTS.undoRetries) : (step.max_retries ?? DEFAULT_RETRIES);
  const retry: RetryPolicy = { initialInterval: 1000, backoffCoefficient: 2, maximumInterval: 60_000, maximumAttempts: retries + 1 };
  return {
    activityId: activityId(scope),
    taskQueue: (undoing ? step.undo?.queue : undefined) ?? step.queue ?? workflowInfo().taskQueue,
    summary: undoing ? `undo: ${step.label ?? step.name}` : (step.label ?? step.name),
    startToCloseTimeout: undoing ? (step.undo?.timeout_ms ?? DEFAULTS.timeoutMs) : (step.timeout_ms ?? DEFAULTS.timeoutMs),
    ...scheduleToStart(step),
    heartbeatTimeout: step.heartbeat_ms ?? DEFAULTS.heartbeatMs,
    retry,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  };
}

/** Our own queues have workers sooner or later; nobody may ever poll the queue that an external step names. */
function scheduleToStart({ external, schedule_to_start_ms }: PlanStep): Pick<ActivityOptions, 'scheduleToStartTimeout'> {
  const ms = schedule_to_start_ms ?? (external ? DEFAULTS.scheduleToStartMs : undefined);
  return ms === undefined ? {} : { scheduleToStartTimeout: ms };
}

/** `proxyActivities` answers every name; this only tells the compiler so. */
function required(activity: AnyActivity | undefined): AnyActivity {
  if (!activity) throw refusal('ENGINE_MISUSE', 'no such activity');
  return activity;
}
