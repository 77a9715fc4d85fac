import { ApplicationFailure, Context } from '@temporalio/activity';
import { DatasetError } from '../datasets/errors.ts';
import { namingFullDisk } from '../datasets/publish/disk-full.ts';

/**
 * Runs an activity of the build in a folder: its `DatasetError` fails with the error's code as type, and is retried only when that may
 * help; so does a full disk, as `DISK_FULL`.
 */
export async function asDataset<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await namingFullDisk(folder, work);
  } catch (error) {
    const { cancelled, cancellationSignal } = Context.current();
    if (cancellationSignal.aborted) return cancelled;
    if (!(error instanceof DatasetError)) throw error;
    throw ApplicationFailure.create({ message: error.message, type: error.code, nonRetryable: !error.retryable, cause: error });
  }
}
