import { condition, CancellationScope, log, proxyActivities, proxyLocalActivities, sleep } from '@temporalio/workflow';
import type { LedgerBatch } from '../../contracts/ledger.ts';
import type { Journal } from './journal.ts';
import type { Traffic } from './traffic.ts';

interface LedgerActivities {
  flushLedger(batch: LedgerBatch): Promise<void>;
}

/** The quick way: within the running workflow task, one event, no round trip. A step waits for it at most this long. */
const quick = proxyLocalActivities<LedgerActivities>({
  scheduleToCloseTimeout: 500,
  retry: { maximumAttempts: 1 },
  summary: 'ledger',
});

/** The patient way: retried until the database is back. */
const patient = proxyActivities<LedgerActivities>({
  // Short, because it is also how long a worker's death goes unnoticed.
  startToCloseTimeout: '5 seconds',
  retry: { initialInterval: 500, backoffCoefficient: 2, maximumInterval: '2 seconds' },
  summary: 'ledger (retried until the database is back)',
});

/** How long what is held waits for more, in ms of workflow time, on a quiet system. */
const HELD_MS = 200;

/** How many of the waits of a crowded system, which are a second at most. */
const HELD_WAITS = 6;

/** How long light calls hold up a flush, in ms of workflow time. */
const LIGHT_MS = 1000;

/**
 * Keeps the ledger after the journal: one flush in flight, and no quick one tried while a patient one is pending. A flush for each of
 * several quick steps is more than anybody can read, and costs such a step a third of its time; so they share one.
 */
export class Flusher {
  readonly #journal: Journal;
  readonly #traffic: Traffic;
  #busy = false;
  #draining = false;
  /** When the last batch was taken. */
  #flushedAt = Number.NEGATIVE_INFINITY;
  /** When the journal was first seen to have something for the next one. */
  #since: number | undefined;

  constructor(journal: Journal, traffic: Traffic) {
    this.#journal = journal;
    this.#traffic = traffic;
  }

  /** Flushes for as long as the run lives, shielded from its cancellation. A condition sees the journal once a task's code has all run, so that a batch holds all of it. */
  start(): void {
    void CancellationScope.nonCancellable(() => this.#loop());
  }

  /** Flushes at once, and resolves when the ledger has everything. Call it where the run's cancellation does not reach. */
  async drain(): Promise<void> {
    this.#draining = true;
    await condition(() => !this.#busy && !this.#journal.dirty);
  }

  async #loop(): Promise<never> {
    for (;;) {
      await condition(() => this.#ready());
      if (!this.#due()) await this.#hold();
      const batch = this.#take();
      try {
        await quick.flushLedger(batch);
      } catch (error) {
        log.warn('the ledger did not answer in time; the flush is retried until it does', { error });
        await patient.flushLedger(batch);
      }
      this.#busy = false;
    }
  }

  /** Waits until it is time, or a timer says so. At the end of the run the timer is left alone, and ends with it. */
  async #hold(): Promise<void> {
    let over = false;
    const timer = new CancellationScope();
    const ring = timer.run(() => sleep(this.#heldMs(), { summary: 'ledger' }));
    ring.then(
      () => (over = true),
      () => undefined,
    );
    await condition(() => over || this.#due());
    if (!over && !this.#draining) timer.cancel();
  }

  /**
   * Light steps are recorded together when their workflow task completes, so one flush after the last of them says as much as one after
   * each. A light step that takes longer, or is tried again, holds up no flush for more than a second.
   */
  #ready(): boolean {
    if (!this.#journal.dirty) return false;
    this.#since ??= Date.now();
    return this.#traffic.light === 0 || this.#pressing() || Date.now() - this.#since >= LIGHT_MS;
  }

  /**
   * What comes a while after the last flush leaves at once. What comes sooner is held, and leaves with what finds it held for most of
   * its time. Of steps at even intervals that is the third at the earliest, so that a timer, its cancel and a flush are no more events
   * than a flush for each would be.
   */
  #due(): boolean {
    const since = this.#since ?? Date.now();
    const heldMs = this.#heldMs();
    if (this.#pressing() || since - this.#flushedAt >= heldMs / 2) return true;
    return this.#traffic.light === 0 && Date.now() - since >= (heldMs * 2) / 3;
  }

  /** On a crowded system steps mostly wait, for seconds, and each flush makes all wait longer: there the ledger may be some waits behind. */
  #heldMs(): number {
    return Math.max(HELD_WAITS * this.#traffic.waitMs, HELD_MS);
  }

  #pressing(): boolean {
    return this.#draining || this.#journal.pressing;
  }

  #take(): LedgerBatch {
    this.#flushedAt = Date.now();
    this.#since = undefined;
    this.#busy = true;
    return this.#journal.takeBatch();
  }
}
