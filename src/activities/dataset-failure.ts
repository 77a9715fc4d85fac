import { ApplicationFailure, Context } from '@temporalio/activity';
import { DatasetError } from '../datasets/errors.ts';

/** Runs an activity of a build: its `DatasetError` fails with the error's code as type, and is retried only when that may help. */
export async function asDataset<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { cancelled, cancellationSignal } = Context.current();
    if (cancellationSignal.aborted) return cancelled;
    if (!(error instanceof DatasetError)) throw error;
    throw ApplicationFailure.create({ message: error.message, type: error.code, nonRetryable: !error.retryable, cause: error });
  }
}
