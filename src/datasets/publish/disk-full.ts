import { DatasetError } from '../errors.ts';

const FULL = new Set(['ENOSPC', 'EDQUOT']);

/** Does work that writes below a folder. A full disk becomes a `DatasetError` `DISK_FULL` that names the folder; trying again later may help. */
export async function namingFullDisk<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === undefined || !FULL.has(code)) throw cause;
    const message = `${folder}: expected room to write a dataset, but the disk is full (${code}); make room there, and the build goes on`;
    throw new DatasetError('DISK_FULL', message, { retryable: true, cause });
  }
}
