import type { LedgerBatch } from '../contracts/ledger.ts';
import type { Sql } from '../ledger/connection.ts';
import { flushBatch } from '../ledger/queries/flush-batch.ts';
import { boundedWrites } from './bounded-writes.ts';

/** What the ledger's activities need. */
export interface LedgerDependencies {
  readonly sql: Sql;
  /** Flushes that may be under way at once, given up ones included; further ones are refused at once. Default 256. */
  readonly inFlightMax?: number;
}

/** The engine's own activities: they are no steps. */
export interface LedgerActivities {
  /** Writes a batch; runs as a local activity and as a regular one, within the bounds, and with the failures, of `boundedWrites`. */
  flushLedger(batch: LedgerBatch): Promise<void>;
}

/** Makes the activities that write the ledger, for the worker of the main queue. */
export function createLedgerActivities({ sql, inFlightMax = 256 }: LedgerDependencies): LedgerActivities {
  const bounded = boundedWrites(inFlightMax);
  return {
    flushLedger: (batch) =>
      bounded({
        what: `flush of ${batch.saga_id} at version ${batch.version}`,
        write: (signal) => flushBatch(sql, batch, signal),
      }),
  };
}
