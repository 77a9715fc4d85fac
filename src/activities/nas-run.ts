import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '../artifacts/store.ts';
import {
  studyId,
  trialId,
  type NasRunActivities,
  type NasRunInput,
  type NasRunResult,
  type NasStudyResult,
} from '../contracts/nas-search.ts';
import type { TrainRungResult } from '../contracts/train-rung.ts';
import { closeTrials } from '../ledger/queries/close-trials.ts';
import { deleteMetrics } from '../ledger/queries/delete-metrics.ts';
import { deleteTrials } from '../ledger/queries/delete-trials.ts';
import { putModel } from '../ledger/queries/put-model.ts';
import { exportDataset } from '../training/datasets/export-idx.ts';
import type { Jobs } from './jobs.ts';
import { discardModel, readModel, type ModelStores } from './model-registry.ts';
import type { ServedSteps } from './serve-steps.ts';
import { StudyFile } from './study-file.ts';

export interface NasRunDependencies extends ModelStores {
  readonly jobs: Jobs;
}

/** The steps of the sub-saga `nasRun`, for the main queue. */
export function createNasRunActivities({ sql, artifacts, jobs }: NasRunDependencies): ServedSteps<NasRunActivities> {
  return {
    openStudy: async ({ run }) => {
      const { dataset_id, dataset_limit, engine } = run.search;
      const folder = artifacts.runFolder(run.search_id);
      await mkdir(folder, { recursive: true });
      // A search that was undone and is recovered begins anew; one that was halted goes on with the trials it has.
      if ((await new StudyFile(folder).read()).length === 0) {
        await deleteTrials(sql, run.search_id);
        await deleteMetrics(sql, run.search_id);
      }
      await writeAtomically(join(folder, 'search.json'), Buffer.from(JSON.stringify(run.search, null, 2)));
      return { dataset_files: engine === 'python' ? await exportDataset(artifacts, dataset_id, dataset_limit ?? null) : null };
    },
    discardStudy: async ({ search_id }, { signal }) => {
      const folder = artifacts.runFolder(search_id);
      // A signal of its own for each: a call to Temporal listens to it for good.
      for (const id of [studyId(search_id), ...(await trialsOf(folder, search_id))]) await jobs.cancel(id, AbortSignal.any([signal]));
      await rm(folder, { recursive: true, force: true });
      await closeTrials(sql, search_id);
      return null;
    },
    registerBest: async ({ run, found, rung }) => {
      const folder = artifacts.runFolder(run.search_id);
      const registered = await register({ sql, artifacts }, { run, found, rung });
      await rm(join(folder, 'trials'), { recursive: true, force: true });
      return registered;
    },
    discardBest: async ({ search_id }) => {
      await discardModel({ sql, artifacts }, search_id);
      return null;
    },
  };
}

/** Workflows of the trials that were begun: those of a study that was terminated may still be closing. */
async function trialsOf(folder: string, searchId: string): Promise<string[]> {
  const entries = await new StudyFile(folder).read();
  const numbers = entries.flatMap((entry) => entry.proposals).flatMap((proposal) => (proposal ? [proposal.number] : []));
  return [`${searchId}.best`, ...[...new Set(numbers)].map((number) => trialId(searchId, number))];
}

interface Winner {
  readonly run: NasRunInput;
  readonly found: NasStudyResult;
  readonly rung: TrainRungResult;
}

/** Every write is the same when it is made again. */
async function register({ sql, artifacts }: ModelStores, { run, found, rung }: Winner): Promise<NasRunResult> {
  const common = { ...found, validation_accuracy: found.best.value };
  if (!rung.model) return { ...common, test_accuracy: null, model_id: null, model_sha256: null, model_uri: null, curve_uri: null };
  const { search_id: id, search } = run;
  const { test_accuracy } = rung.model;
  const model = await artifacts.put(await readModel(join(artifacts.runFolder(id), 'best'), rung.model));
  const curve = await artifacts.put(Buffer.from(JSON.stringify(rung.epochs)));
  const uris = { model_uri: model.uri, curve_uri: curve.uri };
  const { dataset_id, seed, epochs, engine } = search;
  const spec = {
    dataset_id,
    dataset_sha256: run.dataset_sha256,
    params: found.best.params,
    seed,
    epochs,
    engine: rung.engine,
    trained_on: 'train_and_validation',
  };
  const metrics = { test_accuracy, validation_accuracy: found.best.value, epochs, params: rung.param_count };
  await putModel(sql, {
    id,
    run_id: id,
    sha256: model.sha256,
    uri: model.uri,
    spec,
    metrics: { ...metrics, ...uris, engine },
  });
  return { ...common, test_accuracy, model_id: id, model_sha256: model.sha256, ...uris };
}
