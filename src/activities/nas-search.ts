import { ApplicationFailure } from '@temporalio/activity';
import type { ArtifactStore } from '../artifacts/store.ts';
import { ERROR_CODES } from '../contracts/errors.ts';
import type { Json } from '../contracts/ledger.ts';
import type { NasRunInput, NasRunResult, NasSearchActivities, NasSearchInput } from '../contracts/nas-search.ts';
import { SOURCE } from '../contracts/topics.ts';
import type { Sql } from '../ledger/connection.ts';
import { publishEvent } from '../ledger/queries/publish-event.ts';
import { datasetSha256, resolveDatasetId } from '../training/datasets/registry.ts';
import { TrainingError } from '../training/errors.ts';
import type { ServedSteps, StepContext } from './serve-steps.ts';

export interface NasSearchDependencies {
  readonly sql: Sql;
  readonly artifacts: ArtifactStore;
  /** Does this worker take searches? */
  readonly enabled: boolean;
}

/** The steps of the kind `nas-search`, for the main queue. */
export function createNasSearchActivities({ sql, artifacts, enabled }: NasSearchDependencies): ServedSteps<NasSearchActivities> {
  const publish = async (
    what: string,
    run: NasRunInput,
    { step, data }: { readonly step: StepContext; readonly data: Json },
  ): Promise<null> => {
    const id = step.idempotency_key;
    await publishEvent(sql, {
      id,
      type: `cerebros.nas.run.${what}`,
      source: SOURCE,
      subject: run.search_id,
      time: new Date().toISOString(),
      data,
    });
    return null;
  };
  return {
    checkEnabled: async () => {
      if (!enabled) throw ApplicationFailure.nonRetryable(DISABLED, 'NAS_DISABLED');
      return null;
    },
    ensureRunId: async ({ search }, { saga_id }) => ({ search_id: saga_id, ...resolveDataset(search, artifacts.datasetsFolder) }),
    publishStarted: async ({ run }, step) => publish('started', run, { step, data: started(run.search) }),
    publishEnded: async ({ run, why }, step) =>
      publish(why.startsWith('step_failed') ? 'failed' : 'cancelled', run, { step, data: { reason: why } }),
    processResults: async ({ run, result }) => {
      await checkResult(artifacts, result);
      return { run_id: run.search_id, ...result };
    },
    publishCompleted: async ({ run, result }, step) =>
      publish('completed', run, { step, data: { ...result, best: { ...result.best }, trials: { ...result.trials } } }),
  };
}

const DISABLED = 'searches are disabled on this worker (CEREBROS_NAS_ENABLED is off); set CEREBROS_NAS_ENABLED=true and start it again';

/** A search that trains nothing looks at no images. */
function resolveDataset(search: NasSearchInput, datasetsFolder: string): Pick<NasRunInput, 'search' | 'dataset_sha256'> {
  if (search.engine === 'noop') return { search, dataset_sha256: null };
  try {
    const dataset_id = resolveDatasetId(search.dataset_id, datasetsFolder);
    const dataset_sha256 = datasetSha256(dataset_id, search.dataset_limit ?? null, datasetsFolder);
    return { search: { ...search, dataset_id }, dataset_sha256 };
  } catch (error) {
    if (error instanceof TrainingError) throw ApplicationFailure.nonRetryable(error.message, ERROR_CODES.INVALID_INPUT);
    throw error;
  }
}

function started({ dataset_id, objective, budget, sampler, scheduler, parallel, seed, engine }: NasSearchInput): Json {
  return { dataset_id, objective, max_trials: budget.max_trials, sampler: sampler.name, scheduler: scheduler.name, parallel, seed, engine };
}

/** What came through several processes is believed only as far as it was checked. */
async function checkResult(artifacts: ArtifactStore, result: NasRunResult): Promise<void> {
  const { best, trials, validation_accuracy, test_accuracy, model_uri, model_sha256 } = result;
  const shares = { 'best.value': best.value, validation_accuracy, ...(test_accuracy === null ? {} : { test_accuracy }) };
  for (const [name, share] of Object.entries(shares))
    if (!Number.isFinite(share) || share < 0 || share > 1) refuse(`${name}: expected a share from 0 to 1, got ${share}`);
  const counted = trials.completed + trials.pruned + trials.failed + trials.cancelled;
  if (counted !== trials.started) refuse(`trials: expected ${trials.started} in all, got ${counted}`);
  if (best.number >= trials.started) refuse(`best.number: expected one of ${trials.started} trials, got ${best.number}`);
  if (model_uri === null) return;
  if (model_uri !== `artifact:sha256:${model_sha256}`) refuse(`model_uri: expected the artifact of hash ${model_sha256}, got ${model_uri}`);
  // Reads it, and checks its hash on the way.
  await artifacts.get(model_uri).catch((error: unknown) => refuse(error instanceof Error ? error.message : String(error)));
}

function refuse(message: string): never {
  throw ApplicationFailure.nonRetryable(`the result of the search does not hold: ${message}`, 'RESULT_INVALID');
}
