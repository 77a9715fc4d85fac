import type { StepReturn } from '../../contracts/step-call.ts';

/** Longer waits count as this, in ms, so that one of minutes is soon forgotten. */
const WAIT_MS_MAX = 1000;

/** How busy a run and its workers are, as its calls tell; what its flushes are paced by. */
export class Traffic {
  /** Light calls under way. */
  light = 0;
  #waitMs = 0;

  /** What lately passed between a call and the hearing of its end beyond the step's own time, in ms from 0 to 1,000: some ms on a quiet system, seconds on a crowded one. */
  get waitMs(): number {
    return this.#waitMs;
  }

  /** A call made at `calledAt` has ended; after retries, or without its own time, it tells nothing. Waits are forgotten by halves. */
  heard(calledAt: number, { attempt, took_ms }: StepReturn): void {
    if (attempt > 1 || took_ms === undefined) return;
    const waited = Math.min(Date.now() - calledAt - took_ms, WAIT_MS_MAX);
    this.#waitMs = Math.max(waited, this.#waitMs / 2);
  }
}
