import { availableParallelism } from 'node:os';
import type { Client } from '@temporalio/client';
import { createKeepValue } from './activities/keep-value.ts';
import { createLedgerActivities } from './activities/ledger.ts';
import { createProofActivities } from './activities/proof.ts';
import { serveSteps } from './activities/serve-steps.ts';
import { createSubSagaActivities } from './activities/sub-saga.ts';
import { createTrainingJobActivities } from './activities/training-job.ts';
import { createTrainingRunActivities } from './activities/training-run.ts';
import { ArtifactStore } from './artifacts/store.ts';
import type { Cerebros } from './client/connect.ts';
import { createJobs } from './client/jobs.ts';
import { undoRun } from './client/undo-run.ts';
import type { Settings } from './config.ts';
import type { Sql } from './ledger/connection.ts';

/** What the activities of a worker process are made of. */
export interface WorkerDependencies {
  readonly sql: Sql;
  readonly client: Client;
  readonly cerebros: Cerebros;
  readonly settings: Settings;
}

/** The activities of each queue. */
export interface WorkerActivities {
  readonly main: object;
  readonly compute: object;
  /** Trainings at a time: one thread each. */
  readonly computeSlots: number;
}

/** Wires the activities to their dependencies; the one place that knows all of them. */
export function createWorkerActivities({ sql, client, cerebros, settings }: WorkerDependencies): WorkerActivities {
  const artifacts = new ArtifactStore(settings.artifacts_dir);
  const steps = {
    ...createProofActivities(),
    ...createSubSagaActivities({ undo: (id, signal) => undoRun(cerebros, id, signal) }),
    ...createTrainingRunActivities({ sql, artifacts, jobs: createJobs(client) }),
  };
  return {
    main: { ...createLedgerActivities({ sql }), ...createKeepValue(), ...serveSteps(steps) },
    compute: createTrainingJobActivities({ artifacts }),
    computeSlots: availableParallelism(),
  };
}
