import { ApplicationFailure } from '@temporalio/activity';
import { TrainingError } from '../training/errors.ts';

/** Runs a training's activity: its `TrainingError` fails with the error's code as type, and is retried only when that may help. */
export async function asTraining<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof TrainingError)) throw error;
    throw ApplicationFailure.create({ message: error.message, type: error.code, nonRetryable: !error.retryable, cause: error });
  }
}
