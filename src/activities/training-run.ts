import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ApplicationFailure } from '@temporalio/activity';
import { writeAtomically, type ArtifactStore } from '../artifacts/store.ts';
import { ERROR_CODES } from '../contracts/errors.ts';
import type { Json } from '../contracts/ledger.ts';
import type {
  CollectInput,
  ResolvedTraining,
  TrainingJobResult,
  TrainingRunActivities,
  TrainingRunInput,
  TrainingRunResult,
} from '../contracts/training-run.ts';
import type { Sql } from '../ledger/connection.ts';
import { putMetrics } from '../ledger/queries/put-metrics.ts';
import { putModel } from '../ledger/queries/put-model.ts';
import { TrainingError } from '../training/errors.ts';
import { datasetInfo, datasetSha256, resolveDatasetId } from '../training/datasets/registry.ts';
import { countParams } from '../training/network-plan.ts';
import { resolveSpec } from '../training/resolve-spec.ts';
import { discardModel, readModel, type ModelStores } from './model-registry.ts';
import type { Jobs } from './jobs.ts';
import type { ServedSteps } from './serve-steps.ts';

export interface TrainingRunDependencies {
  readonly sql: Sql;
  readonly artifacts: ArtifactStore;
  readonly jobs: Jobs;
}

/** The steps of the kind `training-run`, for the main queue. */
export function createTrainingRunActivities({ sql, artifacts, jobs }: TrainingRunDependencies): ServedSteps<TrainingRunActivities> {
  return {
    validateInputs: async (input) => resolveTraining(input, artifacts.datasetsFolder),
    prepareRun: async ({ training }, { saga_id }) => {
      const folder = artifacts.runFolder(saga_id);
      await mkdir(folder, { recursive: true });
      await writeAtomically(join(folder, 'run.json'), Buffer.from(JSON.stringify(training, null, 2)));
      return { run_name: saga_id };
    },
    discardRun: async ({ run_name }) => {
      await rm(artifacts.runFolder(run_name), { recursive: true, force: true });
      return null;
    },
    cancelJob: async ({ job_id }, { signal }) => {
      await jobs.cancel(job_id, signal);
      return null;
    },
    followJob: async ({ job_id }, step) =>
      jobs.follow<TrainingJobResult>(job_id, { signal: step.signal, onProgress: (progress) => step.heartbeat(progress as never) }),
    collectResults: async (input, { saga_id }) => {
      const result = await collect({ sql, artifacts }, input, saga_id);
      if (input.fail)
        throw ApplicationFailure.nonRetryable('this is a drill: collect_results fails after its work, as the input asks', 'DRILL');
      return result;
    },
    discardResults: async ({ model_id }) => {
      await discardModel({ sql, artifacts }, model_id);
      return null;
    },
    cleanup: async ({ run_name }) => {
      await removeCheckpoints(artifacts.runFolder(run_name));
      return null;
    },
  };
}

function resolveTraining(input: TrainingRunInput, datasetsFolder: string): ResolvedTraining {
  const { model_name, config, seed, checkpoint_interval } = input;
  try {
    const dataset_name = resolveDatasetId(input.dataset_name, datasetsFolder);
    const spec = resolveSpec(model_name, config, datasetInfo(dataset_name, datasetsFolder));
    const dataset_limit = config?.dataset_limit ?? null;
    const dataset_sha256 = datasetSha256(dataset_name, dataset_limit, datasetsFolder);
    return { model_name, dataset_name, dataset_sha256, dataset_limit, spec, params: countParams(spec.model), seed, checkpoint_interval };
  } catch (error) {
    if (error instanceof TrainingError) throw ApplicationFailure.nonRetryable(error.message, ERROR_CODES.INVALID_INPUT);
    throw error;
  }
}

/** Every write is the same when it is made again, so a retry, or a second run of the same seed, changes nothing. */
async function collect(
  { sql, artifacts }: ModelStores,
  { worker_id, training, run_name, job }: CollectInput,
  id: string,
): Promise<TrainingRunResult> {
  const folder = artifacts.runFolder(run_name);
  const model = await artifacts.put(await readModel(folder, job.model));
  const checkpoint = await artifacts.put(await readFile(join(folder, job.checkpoint)));
  const curve = await artifacts.put(Buffer.from(JSON.stringify(job.curve)));
  const { test_accuracy, validation_accuracy } = job.model;
  const uris = { model_uri: model.uri, checkpoint_uri: checkpoint.uri, curve_uri: curve.uri };
  const metrics = { test_accuracy, validation_accuracy, epochs: training.spec.epochs, params: training.params };
  await putModel(sql, {
    id,
    run_id: id,
    sha256: model.sha256,
    uri: model.uri,
    spec: { ...training, worker_id } as unknown as Json,
    metrics: { ...metrics, ...uris },
  });
  await putMetrics(
    sql,
    job.curve.flatMap(({ epoch, train_loss, validation_accuracy: accuracy }) => [
      { run: id, trial: 0, step: epoch, name: 'train_loss', value: train_loss },
      { run: id, trial: 0, step: epoch, name: 'validation_accuracy', value: accuracy },
    ]),
  );
  return { model_id: id, model_sha256: model.sha256, ...uris, ...metrics };
}

/** What is left of a finished run is what it is made of: `run.json` and the model, until someone removes the folder. */
async function removeCheckpoints(folder: string): Promise<void> {
  const files = await readdir(folder).catch(() => []);
  const temporary = files.filter((file) => file.startsWith('epoch-') || file.endsWith('.tmp'));
  await Promise.all(temporary.map((file) => rm(join(folder, file), { force: true })));
}
