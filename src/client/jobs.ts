import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { ApplicationFailure, defaultPayloadConverter } from '@temporalio/common';
import { isGrpcServiceError, WorkflowFailedError, WorkflowNotFoundError, type Client, type WorkflowHandle } from '@temporalio/client';
import { ERROR_CODES } from '../contracts/errors.ts';
import type { Json } from '../contracts/ledger.ts';

const POLL_MS = 2000;

/** `Jobs` (see `activities/jobs.ts`) over a Temporal client. */
export function createJobs(client: Client): {
  follow<R>(jobId: string, options: { readonly signal: AbortSignal; readonly onProgress: (heartbeat: Json) => void }): Promise<R>;
  cancel(jobId: string, signal: AbortSignal): Promise<void>;
} {
  return {
    follow: (jobId, { signal, onProgress }) => talk(client, signal, () => follow(client.workflow.getHandle(jobId), signal, onProgress)),
    cancel: (jobId, signal) => talk(client, signal, () => cancel(client.workflow.getHandle(jobId), signal)),
  };
}

async function follow<R>(handle: WorkflowHandle, signal: AbortSignal, onProgress: (heartbeat: Json) => void): Promise<R> {
  const ended = new AbortController();
  const watching = watch(handle, AbortSignal.any([signal, ended.signal]), onProgress);
  try {
    return (await orAborted(handle.result(), signal)) as R;
  } finally {
    ended.abort();
    await watching;
  }
}

/** Reads heartbeats until aborted; a look that fails is made again at the next turn. */
async function watch(handle: WorkflowHandle, signal: AbortSignal, onProgress: (heartbeat: Json) => void): Promise<void> {
  while (!signal.aborted) {
    await pause(POLL_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const payload = await handle.describe().then(
      ({ raw }) => raw.pendingActivities?.[0]?.heartbeatDetails?.payloads?.[0],
      () => undefined,
    );
    if (payload) onProgress(defaultPayloadConverter.fromPayload<Json>(payload));
  }
}

async function cancel(handle: WorkflowHandle, signal: AbortSignal): Promise<void> {
  try {
    await handle.cancel();
    await orAborted(handle.result(), signal);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError) && !(error instanceof WorkflowFailedError)) throw error;
  }
}

/** A worker's connection goes on waiting for a result when its call is aborted, so the abort is raced with it. */
async function orAborted<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  result.catch(() => undefined);
  return Promise.race([result, once(signal, 'abort').then(() => Promise.reject(signal.reason as Error))]);
}

async function talk<T>(client: Client, signal: AbortSignal, call: () => Promise<T>): Promise<T> {
  try {
    return await client.withAbortSignal(signal, call);
  } catch (error) {
    signal.throwIfAborted();
    throw explain(error);
  }
}

function explain(error: unknown): unknown {
  if (error instanceof WorkflowFailedError) return ApplicationFailure.nonRetryable(`the job failed: ${messageOf(error)}`, 'JOB_FAILED');
  if (error instanceof WorkflowNotFoundError)
    return ApplicationFailure.nonRetryable(`the job is not known to Temporal: ${error.message}`, 'JOB_MISSING');
  if (isGrpcServiceError(error))
    return ApplicationFailure.create({
      message: `the connection to Temporal was lost: ${error.message}`,
      type: ERROR_CODES.CONNECTION_LOST,
      cause: error,
    });
  return error;
}

function messageOf({ cause, message }: WorkflowFailedError): string {
  const root = cause?.cause instanceof Error ? cause.cause : cause;
  return root?.message ?? message;
}
