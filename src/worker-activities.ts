import { availableParallelism } from 'node:os';
import type { Client } from '@temporalio/client';
import { createCloudCheckActivities } from './activities/cloud-check.ts';
import { createDatasetBuildActivities } from './activities/dataset-build.ts';
import { createDatasetStageActivities } from './activities/dataset-stage.ts';
import { createKeepValue } from './activities/keep-value.ts';
import { createLedgerActivities } from './activities/ledger.ts';
import { createNasRunActivities } from './activities/nas-run.ts';
import { createNasSearchActivities } from './activities/nas-search.ts';
import { createStudyActivities } from './activities/nas-study.ts';
import { createNoopRung } from './activities/noop-rung.ts';
import { createProofActivities } from './activities/proof.ts';
import { createReconcileActivities } from './activities/reconcile.ts';
import { serveSteps } from './activities/serve-steps.ts';
import { createProvisionActivities, type ProvisionDependencies } from './activities/provision.ts';
import { createRequestApproval } from './activities/request-approval.ts';
import { createSubSagaActivities } from './activities/sub-saga.ts';
import { createTrainingJobActivities } from './activities/training-job.ts';
import { createTrainRung } from './activities/train-rung.ts';
import { createTrainingRunActivities } from './activities/training-run.ts';
import { ArtifactStore } from './artifacts/store.ts';
import type { Cerebros } from './client/connect.ts';
import { createJobs } from './client/jobs.ts';
import { rollBackEnded } from './client/reconcile.ts';
import { runState } from './client/run-state.ts';
import { undoRun } from './client/undo-run.ts';
import { systemClock } from './cloud/clock.ts';
import { createApi } from './cloud/digitalocean/api.ts';
import { DIGITALOCEAN_TYPES, digitalOceanPort } from './cloud/digitalocean/port.ts';
import { createRateLimit } from './cloud/rate-limit.ts';
import type { Settings } from './config.ts';
import type { Sql } from './ledger/connection.ts';
import { createCallBudget, createResourceLedger } from './ledger/resource-ledger.ts';

/** What the activities of a worker process are made of. */
export interface WorkerDependencies {
  readonly sql: Sql;
  /** For what takes a connection of its own. */
  readonly database_url: string;
  readonly client: Client;
  readonly cerebros: Cerebros;
  readonly settings: Settings;
}

/** The activities of each queue. */
export interface WorkerActivities {
  readonly main: object;
  readonly compute: object;
  readonly cloud: object;
  /** Trainings at a time: one thread each. */
  readonly computeSlots: number;
}

/** Wires the activities to their dependencies; the one place that knows all of them. */
export function createWorkerActivities({ sql, database_url, client, cerebros, settings }: WorkerDependencies): WorkerActivities {
  const artifacts = new ArtifactStore(settings.artifacts_dir);
  const jobs = createJobs(client);
  const { dataset_roots: roots, dataset_allow: allow } = settings;
  const stages = createDatasetStageActivities({ artifacts, roots, allow });
  const cloud = cloudOf(sql, settings);
  const steps = {
    ...createProofActivities(),
    ...createSubSagaActivities({ undo: (id, signal) => undoRun(cerebros, id, signal) }),
    ...createTrainingRunActivities({ sql, artifacts, jobs }),
    ...createNasSearchActivities({ sql, artifacts, enabled: settings.nas_enabled }),
    ...createNasRunActivities({ sql, artifacts, jobs }),
    ...createDatasetBuildActivities({ database_url, artifacts, jobs, roots, allow }),
  };
  return {
    main: {
      ...createLedgerActivities({ sql }),
      ...createKeepValue(),
      ...createStudyActivities({ sql, artifacts }),
      ...createNoopRung(),
      ...createRequestApproval(),
      ...createReconcileActivities({ rollBackEnded: (signal) => rollBackEnded(cerebros, { signal }) }),
      ...stages,
      ...serveSteps(steps),
    },
    compute: { ...createTrainingJobActivities({ artifacts }), ...createTrainRung({ artifacts }), ...stages },
    cloud: {
      ...serveSteps(createProvisionActivities({ ledger: createResourceLedger(sql), cloud })),
      ...createCloudCheckActivities({ sql, cloud, types: DIGITALOCEAN_TYPES, runState: (id) => runState(cerebros, id) }),
    },
    computeSlots: availableParallelism(),
  };
}

/** The provider, when there is a token for it. */
function cloudOf(sql: Sql, { cloud_url, cloud_token: token, cloud_gap_ms: gap_ms }: Settings): ProvisionDependencies['cloud'] {
  if (token === null) return null;
  const clock = systemClock;
  const rate_limit = createRateLimit({ budget: createCallBudget(sql), token_sha256: token.sha256, clock });
  const api = createApi({ token, rate_limit, base_url: cloud_url });
  return { api, port: digitalOceanPort(api), clock, gap_ms };
}
