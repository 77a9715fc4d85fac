import { ApplicationFailure } from '@temporalio/workflow';
import {
  nasRunPlan,
  studyId,
  type NasRunActivities,
  type NasRunInput,
  type NasRunResult,
  type NasStudyResult,
  type NasTrialInput,
  type NasTrialResult,
} from '../contracts/nas-search.ts';
import type { NasStudyInput } from '../contracts/nas-study.ts';
import type { SagaStart } from '../contracts/saga-start.ts';
import { callSteps } from './saga/calls.ts';
import { runChild } from './saga/children.ts';
import { runSaga } from './saga/run-saga.ts';

const light = callSteps<NasRunActivities>();

/** The sub-saga of a search: the study, then the winner trained again and registered. Its undos remove all that it made. */
export async function nasRun(run: NasRunInput, start?: SagaStart): Promise<NasRunResult> {
  return runSaga(nasRunPlan, { input: run, start }, async (saga) => {
    const { search_id, search } = run;
    const { dataset_files } = await saga.step('open_study', () => light.openStudy({ run }), {
      undo: () => light.discardStudy({ search_id }),
    });
    const study: NasStudyInput = { run, dataset_files };
    const found = await saga.step('run_trials', () => runChild<NasStudyResult>('nasStudy', study, studyId(search_id)));
    const { number, params } = found.best;
    const best: NasTrialInput = {
      run,
      number,
      params,
      checkpoint: null,
      to_epoch: search.epochs,
      dataset_files,
      fit: 'train_and_validation',
      final: true,
    };
    const trained = await saga.step('train_best', () => runChild<NasTrialResult>('nasTrial', best, `${search_id}.best`));
    if (trained.status === 'failed')
      throw ApplicationFailure.nonRetryable(
        `the best configuration could not be trained again: ${trained.error.message}`,
        trained.error.code,
      );
    const { rung } = trained;
    return saga.step('register_best', () => light.registerBest({ run, found, rung }), { undo: () => light.discardBest({ search_id }) });
  });
}
