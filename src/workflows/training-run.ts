import type { StepError } from '../contracts/ledger.ts';
import { ERROR_CODES } from '../contracts/errors.ts';
import type { SagaStart } from '../contracts/saga-start.ts';
import {
  trainingRunPlan,
  type TrainingJobInput,
  type TrainingRunActivities,
  type TrainingRunInput,
  type TrainingRunResult,
} from '../contracts/training-run.ts';
import { callSteps } from './saga/calls.ts';
import { startJob } from './saga/children.ts';
import { runSaga } from './saga/run-saga.ts';
import type { Answer } from './saga/types.ts';

const light = callSteps<TrainingRunActivities>();

/** Trains a model as a saga: a failure anywhere stops the job and takes away everything it made. */
export async function trainingRun(input: TrainingRunInput, start?: SagaStart): Promise<TrainingRunResult> {
  return runSaga(trainingRunPlan, { input, start }, async (saga) => {
    const training = await saga.step('validate_inputs', () => light.validateInputs(input));
    const run_name = saga.id;
    saga.finally('cleanup', () => light.cleanup({ run_name }), { compensate: () => ({ answer: 'continue', value: null }) });
    await saga.step('prepare_run', () => light.prepareRun({ training }), { undo: () => light.discardRun({ run_name }) });
    const job: TrainingJobInput = { training, run_name };
    const { job_id } = await saga.step('execute_training', () => startJob('trainingJob', job, 'train'), {
      undo: () => light.cancelJob({ job_id: `${saga.id}.train` }),
      compensate: retryLostConnections,
    });
    const result = await saga.step('monitor_progress', () => light.followJob({ job_id }), { compensate: retryLostConnections });
    const collect = {
      worker_id: input.worker_id,
      training,
      run_name,
      job: result,
      fail: input.drill !== undefined && saga.recoveryAttempts === 0,
    };
    return saga.step('collect_results', () => light.collectResults(collect), { undo: () => light.discardResults({ model_id: saga.id }) });
  });
}

/** The job goes on by itself, so a lost connection says nothing about it. */
function retryLostConnections<T>(error: StepError): Answer<T> {
  return { answer: error.code === ERROR_CODES.CONNECTION_LOST ? 'retry' : 'fail' };
}
