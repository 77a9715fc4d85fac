import { ActivityFailure, ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { vi } from 'vitest';
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

/** How long a call of an activity waits before it begins, and again before it ends, in ms; Infinity: for ever. */
export type Pace = (type: string, input: unknown) => number;

/** What is further apart than this never comes in one workflow task. */
const TOGETHER_MS = 100;

interface Happening {
  readonly at: number;
  readonly fire: () => void;
  /** The workflow is told, in a workflow task. */
  readonly told: boolean;
}

/** One workflow run and everything around it, with a clock of its own, which is `Date`'s while the run goes on. */
export class World {
  readonly rootScope: CancellationScope;
  readonly info = { workflowId: 'w', runId: 'r', startTime: new Date(0), taskQueue: 'q', historyLength: 3, continueAsNewSuggested: false };
  readonly #random: () => number;
  readonly #activities: Readonly<Record<string, InProcessActivity>>;
  readonly #pace: Pace;
  readonly #agenda = new Set<Happening>();
  readonly #handlers = new Map<string, Handler>();
  readonly conditions = new Set<{ readonly fn: () => boolean; readonly resolve: () => void }>();
  readonly #pendingIds = new Set<string>();
  /** Timers that the workflow has started, by their summary. */
  readonly timers: (string | undefined)[] = [];
  #clock = 0;

  /** By default a call takes any time up to a tenth of a second, twice. */
  constructor(random: () => number, activities: Readonly<Record<string, InProcessActivity>>, pace: Pace = () => random() * 100) {
    this.#random = random;
    this.#activities = activities;
    this.#pace = pace;
    this.rootScope = new CancellationScope({ parent: undefined });
  }

  /** Runs a workflow to its end, or to `stopAt` turns (as a termination does: undefined); `onTurn` may send it messages. */
  async run<T>(
    workflow: () => Promise<T>,
    onTurn: (turn: number) => void,
    stopAt = 10_000,
  ): Promise<{ value: T } | { error: unknown } | undefined> {
    let ended: { value: T } | { error: unknown } | undefined;
    vi.setSystemTime(this.#clock);
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

  /** Starts a timer of the workflow; what it returns stops it. */
  timer(ms: number, fire: () => void, summary?: string): () => void {
    this.timers.push(summary);
    const happening = this.after(ms, fire);
    return () => this.#agenda.delete(happening);
  }

  /** Lets something happen later; `told`: the workflow is told of it. */
  after(ms: number, fire: () => void, told = true): Happening {
    const happening = { at: this.#clock + Math.floor(ms), fire, told };
    if (ms < Infinity) this.#agenda.add(happening);
    return happening;
  }

  /** Schedules an activity: its start, which the workflow is not told, and its end; it may be cancelled before either. */
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
      this.after(this.#pace(type, args[0]), () => this.#begin(pending, activity), false);
    });
    return call.finally(() => this.#pendingIds.delete(activityId ?? ''));
  }

  #begin(call: Call, activity: InProcessActivity): void {
    if (call.cancelled) return void this.after(0, () => call.reject(failed(call.type, new CancelledFailure('cancelled'))));
    call.attemptsLeft -= 1;
    const args = JSON.parse(call.args) as never[];
    const end = activity(...args);
    this.after(this.#pace(call.type, args[0]), () => {
      if (call.cancelled && this.#random() < 0.5) return call.reject(failed(call.type, new CancelledFailure('cancelled')));
      try {
        call.resolve(JSON.parse(JSON.stringify(end() ?? null)));
      } catch (error) {
        const again = call.attemptsLeft > 0 && error instanceof ApplicationFailure && !error.nonRetryable;
        if (again) this.after(this.#pace(call.type, args[0]), () => this.#begin(call, activity), false);
        else call.reject(failed(call.type, error as Error));
      }
    });
  }

  /** One turn: mostly the next thing that the workflow is told, sometimes two that come close together, in the same workflow task. */
  #turn(): void {
    const together = this.#random() < 0.2 ? 2 : 1;
    for (let told = 0; told < together;) {
      const [next] = [...this.#agenda].toSorted((a, b) => a.at - b.at);
      if (!next || (told > 0 && next.at - this.#clock > TOGETHER_MS)) return;
      this.#agenda.delete(next);
      this.#clock = next.at;
      vi.setSystemTime(this.#clock);
      next.fire();
      if (next.told) told += 1;
    }
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
