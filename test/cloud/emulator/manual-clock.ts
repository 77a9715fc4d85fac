import type { Clock } from '../../../src/cloud/clock.ts';

/** A clock that stands still until it is moved on. */
export interface ManualClock extends Clock {
  /** Moves on by so many milliseconds, and wakes who slept until then. */
  advance(ms: number): void;
  /** Who sleeps now. */
  sleepers(): number;
}

export function manualClock(startMs = Date.UTC(2026, 10, 21, 12)): ManualClock {
  let now = startMs;
  let waiting: { readonly until: number; readonly wake: () => void }[] = [];
  return {
    now: () => now,
    sleep: (ms) => new Promise((wake) => void waiting.push({ until: now + ms, wake })),
    advance: (ms) => {
      now += ms;
      const due = waiting.filter(({ until }) => until <= now);
      waiting = waiting.filter(({ until }) => until > now);
      for (const { wake } of due) wake();
    },
    sleepers: () => waiting.length,
  };
}
