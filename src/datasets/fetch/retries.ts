import { setTimeout as sleep } from 'node:timers/promises';
import { FetchError } from './fetch-error.ts';

/** Waits `ms`; throws when `signal` fires. */
export type Wait = (ms: number, signal: AbortSignal) => Promise<void>;

export const waitOnClock: Wait = (ms, signal) => sleep(ms, undefined, { signal });

interface RetryRules {
  readonly maxRetries: number;
  readonly wait: Wait;
  readonly signal: AbortSignal;
}

const FIRST_WAIT_MS = 1000;
const MAX_WAIT_MS = 60_000;
const MAX_RETRY_AFTER_MS = 5 * 60_000;

/**
 * Runs `act` again after what may pass, at most `maxRetries` times: after 1 s, 2 s, 4 s … up to 60 s, or after what the server asked
 * for, up to 5 min. Throws the last error, or the reason of `signal`.
 */
export async function withRetries<T>(rules: RetryRules, act: () => Promise<T>): Promise<T> {
  let once = false;
  for (let retry = 0; ; retry++) {
    try {
      return await act();
    } catch (error) {
      rules.signal.throwIfAborted();
      if (!(error instanceof FetchError) || retry >= rules.maxRetries || error.again === 'never') throw error;
      if (error.again === 'once' && once) throw error;
      once ||= error.again === 'once';
      await pause(rules, error.retryAfterMs, retry);
    }
  }
}

async function pause({ wait, signal }: RetryRules, askedMs: number | null, retry: number): Promise<void> {
  const ms = askedMs === null ? Math.min(FIRST_WAIT_MS * 2 ** retry, MAX_WAIT_MS) : Math.min(askedMs, MAX_RETRY_AFTER_MS);
  try {
    await wait(ms, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

/** The milliseconds that a `Retry-After` asks for, as seconds or as a date; null when there is none to understand. */
export function retryAfterMs(header: string | undefined, now: number): number | null {
  if (header === undefined) return null;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}
