import { AsyncLocalStorage } from 'node:async_hooks';
import { ActivityFailure, ApplicationFailure, CancelledFailure, ChildWorkflowFailure } from '@temporalio/common';

/**
 * Stands in for what the engine imports from `@temporalio/workflow` (`vi.mock`), so that thousands of runs fit into seconds. It keeps
 * to the SDK where order matters: conditions are looked at once a turn's code has all run, a cancelled activity is waited for, and
 * a call made in a cancelled scope does not start. Everything outside the run (who answers when) is drawn from a seeded source.
 */
export { AsyncLocalStorage };
export {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  ChildWorkflowFailure,
  TemporalFailure,
  TimeoutFailure,
} from '@temporalio/common';

export const ActivityCancellationType = { WAIT_CANCELLATION_COMPLETED: 'WAIT_CANCELLATION_COMPLETED' } as const;
export const ChildWorkflowCancellationType = { WAIT_CANCELLATION_COMPLETED: 'WAIT_CANCELLATION_COMPLETED', ABANDON: 'ABANDON' } as const;
export const ParentClosePolicy = { REQUEST_CANCEL: 'REQUEST_CANCEL', ABANDON: 'ABANDON' } as const;
export const log = { info: (): void => undefined, warn: (): void => undefined };

/** Makes the effect of a call, and answers how the call will end. */
export type InProcessActivity = (...args: never[]) => () => unknown;

interface Handler {
  readonly handle: (...args: unknown[]) => unknown;
  readonly validator?: (...args: unknown[]) => void;
}

interface CallOptions {
  readonly retry?: { readonly maximumAttempts?: number };
}

interface Call {
  readonly type: string;
  readonly args: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  attemptsLeft: number;
  cancelled: boolean;
}

/** One workflow run and everything around it. */
export class World {
  readonly rootScope: CancellationScope;
  readonly info = { workflowId: 'w', runId: 'r', startTime: new Date(0), taskQueue: 'q', historyLength: 3, continueAsNewSuggested: false };
  readonly #random: () => number;
  readonly #activities: Readonly<Record<string, InProcessActivity>>;
  readonly #events: (() => void)[] = [];
  readonly #timers: { readonly at: number; readonly fire: () => void }[] = [];
  readonly #handlers = new Map<string, Handler>();
  readonly conditions = new Set<{ readonly fn: () => boolean; readonly resolve: () => void }>();
  #clock = 0;

  constructor(random: () => number, activities: Readonly<Record<string, InProcessActivity>>) {
    this.#random = random;
    this.#activities = activities;
    this.rootScope = new CancellationScope({ parent: undefined });
  }

  /** Runs a workflow to its end, or to `stopAt` turns (as a termination does: undefined); `onTurn` may send it messages. */
  async run<T>(
    workflow: () => Promise<T>,
    onTurn: (turn: number) => void,
    stopAt = 10_000,
  ): Promise<{ value: T } | { error: unknown } | undefined> {
    world = this;
    let ended: { value: T } | { error: unknown } | undefined;
    onTurn(0);
    scopes
      .run(this.rootScope, workflow)
      .then((value) => (ended = { value }))
      .catch((error: unknown) => (ended = { error }));
    for (let turn = 1; turn <= stopAt; turn += 1) {
      await this.#settle();
      if (ended) return ended;
      this.info.historyLength += 3;
      onTurn(turn);
      this.#turn();
    }
    if (stopAt >= 10_000) throw new Error('the run did not end within 10,000 turns');
    await this.#settle();
    return undefined;
  }

  cancel(): void {
    this.rootScope.cancel();
  }

  /** Sends an update: false when its validator refused it. */
  update(name: string, ...args: unknown[]): boolean {
    const handler = this.#handlers.get(name);
    if (!handler) return false;
    try {
      handler.validator?.(...args);
    } catch {
      return false;
    }
    handler.handle(...args);
    return true;
  }

  handle(name: string, handler: Handler): void {
    this.#handlers.set(name, handler);
  }

  query(name: string): unknown {
    return this.#handlers.get(name)?.handle();
  }

  timer(ms: number, fire: () => void): void {
    this.#timers.push({ at: this.#clock + ms, fire });
  }

  /** Schedules an activity: its start and its end are two events, and it may be cancelled before either. */
  schedule(type: string, args: readonly unknown[], options: CallOptions): Promise<unknown> {
    const activity = this.#activities[type];
    if (!activity) return Promise.reject(new Error(`no activity ${type}`));
    const scope = CancellationScope.current();
    if (scope.consideredCancelled) return scope.cancelRequested;
    return new Promise((resolve, reject) => {
      const call: Call = {
        type,
        args: JSON.stringify(args),
        attemptsLeft: options.retry?.maximumAttempts ?? Infinity,
        cancelled: false,
        resolve,
        reject,
      };
      if (scope.cancellable) scope.cancelRequested.catch(() => (call.cancelled = true));
      this.#events.push(() => this.#begin(call, activity));
    });
  }

  #begin(call: Call, activity: InProcessActivity): void {
    if (call.cancelled) return call.reject(failed(call.type, new CancelledFailure('cancelled')));
    call.attemptsLeft -= 1;
    const end = activity(...(JSON.parse(call.args) as never[]));
    this.#events.push(() => {
      if (call.cancelled && this.#random() < 0.5) return call.reject(failed(call.type, new CancelledFailure('cancelled')));
      try {
        call.resolve(JSON.parse(JSON.stringify(end() ?? null)));
      } catch (error) {
        const again = call.attemptsLeft > 0 && error instanceof ApplicationFailure && !error.nonRetryable;
        if (again) this.#events.push(() => this.#begin(call, activity));
        else call.reject(failed(call.type, error as Error));
      }
    });
  }

  /** One turn: mostly one thing happens, sometimes two in the same workflow task. Time passes only when nothing else can happen. */
  #turn(): void {
    if (this.#events.length === 0) return this.#passTime();
    for (let left = this.#random() < 0.2 ? 2 : 1; left > 0; left -= 1) {
      const [event] = this.#events.splice(Math.floor(this.#random() * this.#events.length), 1);
      event?.();
    }
  }

  #passTime(): void {
    const timer = this.#timers.toSorted((a, b) => a.at - b.at)[0];
    if (!timer) return;
    this.#timers.splice(this.#timers.indexOf(timer), 1);
    this.#clock = timer.at;
    timer.fire();
  }

  async #settle(): Promise<void> {
    for (;;) {
      await new Promise(setImmediate);
      const held = [...this.conditions].filter((condition) => condition.fn());
      if (held.length === 0) return;
      for (const condition of held) {
        this.conditions.delete(condition);
        condition.resolve();
      }
    }
  }
}

let world: World;
const scopes = new AsyncLocalStorage<CancellationScope>();

export class CancellationScope {
  readonly cancellable: boolean;
  readonly cancelRequested: Promise<never>;
  #requested = false;
  #reject: (error: Error) => void = () => undefined;

  constructor(options: { readonly cancellable?: boolean; readonly parent?: CancellationScope | undefined } = {}) {
    this.cancellable = options.cancellable ?? true;
    this.cancelRequested = new Promise((_, reject) => {
      this.#reject = (error) => {
        this.#requested = true;
        reject(error);
      };
    });
    this.cancelRequested.catch(() => undefined);
    const parent = 'parent' in options ? options.parent : CancellationScope.current();
    if (!parent?.cancellable) return;
    this.#requested = parent.#requested;
    parent.cancelRequested.catch((error: Error) => this.#reject(error));
  }

  get consideredCancelled(): boolean {
    return this.#requested && this.cancellable;
  }

  async run<T>(fn: () => Promise<T>): Promise<T> {
    return scopes.run(this, async () => await fn());
  }

  cancel(): void {
    this.#reject(new CancelledFailure('Cancellation scope cancelled'));
  }

  static current(): CancellationScope {
    return scopes.getStore() ?? world.rootScope;
  }

  static nonCancellable<T>(fn: () => Promise<T>): Promise<T> {
    return new CancellationScope({ cancellable: false }).run(fn);
  }
}

export function condition(fn: () => boolean, ms?: number): Promise<boolean> {
  const scope = CancellationScope.current();
  if (scope.consideredCancelled) return scope.cancelRequested;
  return new Promise((resolve, reject) => {
    if (fn()) return resolve(true);
    const waiting = { fn, resolve: () => resolve(true) };
    world.conditions.add(waiting);
    if (ms !== undefined) world.timer(ms, () => world.conditions.delete(waiting) && resolve(false));
    if (scope.cancellable) scope.cancelRequested.catch((error: unknown) => world.conditions.delete(waiting) && reject(error));
  });
}

export async function sleep(ms: number): Promise<void> {
  await condition(() => false, ms);
}

/** An object that answers every name with a call of that activity. */
export function proxyActivities(options: CallOptions): Readonly<Record<string, (...args: readonly unknown[]) => Promise<unknown>>> {
  return new Proxy(
    {},
    {
      get:
        (_, type) =>
        (...args: readonly unknown[]) =>
          world.schedule(String(type), args, options),
    },
  );
}
export const proxyLocalActivities = proxyActivities;

export const workflowInfo = (): World['info'] => world.info;
export const setHandler = (definition: { readonly name: string }, handle: Handler['handle'], options: Partial<Handler> = {}): void =>
  world.handle(definition.name, { ...options, handle });
export const defineQuery = (name: string): { readonly name: string } => ({ name });
export const defineSignal = defineQuery;
export const defineUpdate = defineQuery;
export const allHandlersFinished = (): boolean => true;
export const setCurrentDetails = (): void => undefined;
export const upsertSearchAttributes = (): void => undefined;
export const isCancellation = (error: unknown): boolean =>
  error instanceof CancelledFailure ||
  ((error instanceof ActivityFailure || error instanceof ChildWorkflowFailure) && error.cause instanceof CancelledFailure);

export const executeChild = notHere;
export const startChild = notHere;
export const getExternalWorkflowHandle = notHere;
export const continueAsNew = notHere;

function notHere(): never {
  throw new Error('not part of the stand-in: test it on the server');
}

function failed(type: string, cause: Error): ActivityFailure {
  return new ActivityFailure('activity failed', type, '1', 'NON_RETRYABLE_FAILURE', 'w', cause);
}
