import {
  nasRunPlan,
  nasSearchPlan,
  type NasRunResult,
  type NasSearchActivities,
  type NasSearchInput,
  type NasSearchResult,
} from '../contracts/nas-search.ts';
import type { SagaStart } from '../contracts/saga-start.ts';
import { callSteps } from './saga/calls.ts';
import { runSubSaga, undoSubSaga } from './saga/children.ts';
import { runSaga } from './saga/run-saga.ts';

const light = callSteps<NasSearchActivities>();

/** Searches for the best network of a search space, as a saga: a search that cannot finish, or is cancelled, leaves nothing behind. */
export async function nasSearch(input: NasSearchInput, start?: SagaStart): Promise<NasSearchResult> {
  return runSaga(nasSearchPlan, { input, start }, async (saga) => {
    await saga.step('check_enabled', () => light.checkEnabled({}));
    const found = await saga.step('ensure_run_id', () => light.ensureRunId({ search: input }));
    const run = { ...found, recoveries: saga.recoveryAttempts };
    await saga.step('publish_start_event', () => light.publishStarted({ run }), {
      undo: (_, why) => light.publishEnded({ run, why }),
    });
    const result = await saga.step('execute_nas_run', () => runSubSaga<NasRunResult>('nasRun', run, nasRunPlan, 'run'), {
      undo: () => undoSubSaga(saga.id, 'run'),
    });
    const checked = await saga.step('process_results', () => light.processResults({ run, result }));
    await saga.step('publish_complete_event', () => light.publishCompleted({ run, result: checked }));
    return checked;
  });
}
