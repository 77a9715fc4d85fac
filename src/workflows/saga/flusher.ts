import { condition, CancellationScope, log, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { LedgerBatch } from '../../contracts/ledger.ts';
import type { Journal } from './journal.ts';

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

/** How long a flush waits for light calls, in ms of workflow time. */
const HOLD_MS = 1000;

/** Keeps the ledger after the journal: one flush in flight, and no quick one tried while a patient one is pending. */
export class Flusher {
  readonly #journal: Journal;
  readonly #light: { readonly pending: number };
  #busy = false;
  /** When the journal was first seen to have something that waits for light calls, in ms. */
  #heldSince: number | undefined;

  /** `light` counts the light calls under way. */
  constructor(journal: Journal, light: { readonly pending: number }) {
    this.#journal = journal;
    this.#light = light;
  }

  /** Flushes for as long as the run lives, shielded from its cancellation. A condition sees the journal once a task's code has all run, so that a batch holds all of it. */
  start(): void {
    void CancellationScope.nonCancellable(() => this.#loop());
  }

  /** Resolves when the ledger has everything. */
  async drain(): Promise<void> {
    await CancellationScope.nonCancellable(() => condition(() => !this.#busy && !this.#journal.dirty));
  }

  async #loop(): Promise<never> {
    for (;;) {
      await condition(() => this.#due());
      this.#heldSince = undefined;
      this.#busy = true;
      await this.#flush(this.#journal.takeBatch());
      this.#busy = false;
    }
  }

  /**
   * Light steps are recorded together when their workflow task completes, so one flush after the last of them says as much as one after
   * each. A light step that takes longer, or is tried again, holds up no flush for more than a second.
   */
  #due(): boolean {
    if (!this.#journal.dirty) return false;
    this.#heldSince ??= Date.now();
    return this.#light.pending === 0 || Date.now() - this.#heldSince >= HOLD_MS;
  }

  async #flush(batch: LedgerBatch): Promise<void> {
    try {
      await quick.flushLedger(batch);
    } catch (error) {
      log.warn('the ledger did not answer in time; the flush is retried until it does', { error });
      await patient.flushLedger(batch);
    }
  }
}
