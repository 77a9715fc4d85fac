import { CloudError } from '../cloud-error.ts';
import { nothing } from './api.ts';
import type { DigitalOceanApi } from './api.ts';

/** Deletes what is at the path; that nothing is there is fine, and answered with false. */
export async function deleteAt(api: DigitalOceanApi, path: string, signal?: AbortSignal): Promise<boolean> {
  try {
    await api.call({ method: 'DELETE', path, schema: nothing, signal });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** What the call gives, or undefined when it is answered 404. */
export async function orAbsent<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof CloudError && error.status === 404;
}
