import { availableParallelism } from 'node:os';
import type { Client } from '@temporalio/client';
import { createKeepValue } from './activities/keep-value.ts';
import { createLedgerActivities } from './activities/ledger.ts';
import { createProofActivities } from './activities/proof.ts';
import { serveSteps } from './activities/serve-steps.ts';
import type { Settings } from './config.ts';
import type { Sql } from './ledger/connection.ts';

/** What the activities of a worker process are made of. */
export interface WorkerDependencies {
  readonly sql: Sql;
  readonly client: Client;
  readonly settings: Settings;
}

/** The activities of each queue. */
export interface WorkerActivities {
  readonly main: object;
  readonly compute: object;
  /** Trainings at a time: one thread each. */
  readonly computeSlots: number;
  readonly cloud: object;
}

/** Wires the activities to their dependencies; the one place that knows all of them. */
export function createWorkerActivities({ sql }: WorkerDependencies): WorkerActivities {
  return {
    main: { ...createLedgerActivities({ sql }), ...createKeepValue(), ...serveSteps(createProofActivities()) },
    compute: {},
    computeSlots: availableParallelism(),
    cloud: {},
  };
}
