import type { CallBudget, CallRate } from '../contracts/cloud.ts';
import type { Clock } from './clock.ts';
import { CloudError } from './cloud-error.ts';

/** Asked before every call of a provider, and told what its answers say of the limits. */
export interface RateLimit {
  /** Resolves when a call may be sent. Rejects with the signal's reason, or `RATE_LIMITED` when it would take too long. */
  take(signal?: AbortSignal): Promise<void>;
  /** `left`: calls left in the provider's longest window. `blocked_ms`: send nothing for so long. */
  correct(said: { readonly left: number; readonly blocked_ms: number }): Promise<void>;
}

/** The right to one call, which goes at once. */
export interface Turn {
  /** True the first time. */
  take(): boolean;
}

/** A turn that has come. */
export function oneTurn(): Turn {
  let left = 1;
  return { take: () => left-- > 0 };
}

export interface RateLimitOptions {
  /** Shared by all workers with the token. */
  readonly budget: CallBudget;
  readonly token_sha256: string;
  readonly clock: Clock;
  /** Default: what DigitalOcean allows. */
  readonly limits?: CallLimits;
  /** A call waits so long at most, behind the others of this process too. Default 120,000. */
  readonly wait_ms_max?: number;
}

/** Calls in any 60 s, and in any hour. */
export interface CallLimits {
  readonly per_minute: number;
  readonly per_hour: number;
}

const DIGITALOCEAN_LIMITS: CallLimits = { per_minute: 250, per_hour: 5000 };
/** Below this many calls left, what the provider counts is taken over; above, the bucket is the stricter of the two anyhow. */
const WORTH_CORRECTING = 200;
const BLOCKED_MS_MAX = 3_600_000;

/**
 * The bucket that keeps both limits in every window, wherever it begins: with the default 162 calls at once and 1.3 a second after
 * them, so at most 240 in a minute and 4,842 in an hour.
 */
export function bucketOf({ per_minute, per_hour }: CallLimits): CallRate {
  const calls_per_s = (0.936 * per_hour) / 3600;
  return { calls_per_s, burst: Math.min(0.96 * per_minute - 60 * calls_per_s, per_hour - 3600 * calls_per_s) };
}

/** A limit that holds over all workers of a token. Within a process calls are let through in the order in which they came. */
export function createRateLimit(options: RateLimitOptions): RateLimit {
  const { budget, token_sha256, clock, wait_ms_max = 120_000 } = options;
  const bucket = bucketOf(options.limits ?? DIGITALOCEAN_LIMITS);
  const turns = new Turns();
  return {
    take: async (signal) => {
      const until = clock.now() + wait_ms_max;
      const turn = turns.join();
      try {
        await untilAborted(turn.comes, signal);
        for (;;) {
          signal?.throwIfAborted();
          const { granted, wait_ms } = await budget.take({ token_sha256, ...bucket });
          if (granted) return;
          if (clock.now() + wait_ms > until) throw tooLong(wait_ms);
          await clock.sleep(wait_ms, signal);
        }
      } finally {
        turn.done();
      }
    },
    correct: async ({ left, blocked_ms }) => {
      if (left >= WORTH_CORRECTING && blocked_ms <= 0) return;
      await budget.correct({ token_sha256, left, blocked_ms: Math.min(Math.max(blocked_ms, 0), BLOCKED_MS_MAX) });
    },
  };
}

function tooLong(wait_ms: number): CloudError {
  const message = `No call to the cloud was made: expected one to be free within the wait, the next is in ${Math.ceil(wait_ms / 1000)} s`;
  return new CloudError('RATE_LIMITED', `${message}; try again then, or run fewer at a time`, {
    outcome: 'refused',
    retryable: true,
    retry_after_ms: wait_ms,
  });
}

/** Lets one through after the other. */
class Turns {
  #last: Promise<void> = Promise.resolve();

  /** `comes` when all before are done; `done` may be called before that too. */
  join(): { readonly comes: Promise<void>; readonly done: () => void } {
    const comes = this.#last;
    let done = (): void => {};
    const left = new Promise<void>((resolve) => (done = resolve));
    this.#last = comes.then(() => left);
    return { comes, done };
  }
}

async function untilAborted(promise: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return await promise;
  signal.throwIfAborted();
  const listening = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { signal: listening.signal });
  });
  try {
    await Promise.race([promise, aborted]);
  } finally {
    listening.abort();
  }
}
