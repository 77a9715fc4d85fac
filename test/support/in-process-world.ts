import { ActivityFailure, ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { CancellationScope, runAsRoot } from './in-process-scope.ts';

/** Makes the effect of a call, and answers how the call will end. */
export type InProcessActivity = (...args: never[]) => () => unknown;

/** What a message is answered with. */
export interface Handler {
  readonly handle: (...args: unknown[]) => unknown;
  readonly validator?: (...args: unknown[]) => void;
}

/** What of an activity's options matters here. */
export interface CallOptions {
  readonly activityId?: string;
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
  readonly #pendingIds = new Set<string>();
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
    let ended: { value: T } | { error: unknown } | undefined;
    onTurn(0);
    runAsRoot(this.rootScope, workflow)
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
  async schedule(type: string, args: readonly unknown[], options: CallOptions): Promise<unknown> {
    const activity = this.#activities[type];
    if (!activity) throw new Error(`no activity ${type}`);
    const scope = CancellationScope.current();
    if (scope.consideredCancelled) return scope.cancelRequested;
    const { activityId, retry } = options;
    if (activityId !== undefined && this.#pendingIds.has(activityId))
      throw new Error(`activity ${activityId} is running already: the server would refuse it`);
    if (activityId !== undefined) this.#pendingIds.add(activityId);
    const call = new Promise((resolve, reject) => {
      const attemptsLeft = retry?.maximumAttempts ?? Infinity;
      const pending: Call = { type, args: JSON.stringify(args), attemptsLeft, cancelled: false, resolve, reject };
      if (scope.cancellable) scope.cancelRequested.catch(() => (pending.cancelled = true));
      this.#events.push(() => this.#begin(pending, activity));
    });
    return call.finally(() => this.#pendingIds.delete(activityId ?? ''));
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
      const held = [...this.conditions].filter((each) => each.fn());
      if (held.length === 0) return;
      for (const each of held) {
        this.conditions.delete(each);
        each.resolve();
      }
    }
  }
}

function failed(type: string, cause: Error): ActivityFailure {
  return new ActivityFailure('activity failed', type, '1', 'NON_RETRYABLE_FAILURE', 'w', cause);
}
