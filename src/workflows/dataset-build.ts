import {
  datasetBuildPlan,
  type BatchStage,
  type DatasetBuildActivities,
  type DatasetBuildInput,
  type DatasetBuildResult,
  type StageCounts,
} from '../contracts/dataset-build.ts';
import type { DatasetStageInput } from '../contracts/dataset-stage.ts';
import type { SagaStart } from '../contracts/saga-start.ts';
import { callSteps } from './saga/calls.ts';
import { runChild } from './saga/children.ts';
import { runSaga } from './saga/run-saga.ts';

const light = callSteps<DatasetBuildActivities>();

/** Builds a dataset of images as a saga: what it publishes is whole, and a build that is cancelled leaves nothing behind. */
export async function datasetBuild(build: DatasetBuildInput, start?: SagaStart): Promise<DatasetBuildResult> {
  return runSaga(datasetBuildPlan, { input: build, start }, async (saga) => {
    const build_id = saga.id;
    const runStage = (stage: BatchStage, items: number | null): Promise<StageCounts> => {
      const input: DatasetStageInput = { build_id, build, stage, items };
      return runChild<StageCounts>('datasetStage', input, `${build_id}.${stage}`);
    };
    const download = await saga.step('download', () => runStage('download', null), {
      undo: (_, why) => light.discardDownload({ build_id, why }),
    });
    const validate = await saga.step('validate', () => runStage('validate', download.out), {
      undo: () => light.discardValidate({ build_id }),
    });
    const deduplicate = await saga.step('deduplicate', () => light.deduplicate({ build_id }), {
      undo: () => light.discardDuplicates({ build_id }),
    });
    const label = await saga.step('label', () => light.labelImages({ build_id }), { undo: () => light.discardLabels({ build_id }) });
    const stages = { download, validate, deduplicate, label };
    return saga.step('store', () => light.storeDataset({ build_id, stages }), { undo: () => light.discardDataset({ build_id }) });
  });
}
