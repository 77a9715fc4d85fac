import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  proxyActivities,
  TimeoutFailure,
} from '@temporalio/workflow';
import { ENGINE_QUEUES, type NasTrialInput, type NasTrialResult, type TrialError } from '../contracts/nas-search.ts';
import type { RungCheckpoint, RungHeartbeat, TrainRungActivities, TrainRungInput } from '../contracts/train-rung.ts';
import { stepErrorOf } from './saga/step-error.ts';

/**
 * One stretch of a trial, from a checkpoint to an epoch. A lost worker's stretch goes on from the last checkpoint it told of; a
 * training that cannot work, or that loses its worker too often in a row without a new checkpoint, is the answer `failed`.
 */
export async function nasTrial(input: NasTrialInput): Promise<NasTrialResult> {
  const { max_worker_losses: max } = input.run.search;
  /** How far lost activities had come. */
  let resume = null as RungCheckpoint | null;
  let losses = 0;
  for (;;) {
    try {
      return { status: 'done', rung: await trainerOf(input).trainRung(rungInput(input, resume)) };
    } catch (error) {
      if (isCancellation(error)) throw error;
      const lost = lossOf(error);
      if (!lost) return { status: 'failed', error: errorOf(error) };
      const further: boolean = (lost.checkpoint?.epoch ?? 0) > ((resume ?? input.checkpoint)?.epoch ?? 0);
      losses = further ? 0 : losses + 1;
      if (losses >= max) return { status: 'failed', error: lostTooOften(losses, error) };
      resume = further ? lost.checkpoint : resume;
    }
  }
}

function rungInput(
  { run, number, params, to_epoch, dataset_files, fit, final, checkpoint }: NasTrialInput,
  resume: RungCheckpoint | null,
): TrainRungInput {
  const { search_id, search, dataset_sha256 } = run;
  return {
    protocol: 1,
    search_id,
    trial: number,
    dataset_id: search.dataset_id,
    dataset_sha256: dataset_sha256 ?? '',
    dataset_limit: search.dataset_limit ?? null,
    dataset_files,
    params,
    seed: search.seed,
    max_params: search.constraints.max_params,
    fit,
    checkpoint,
    resume,
    to_epoch,
    final,
    crash: search.drill?.crash_trials.includes(number) === true && !final,
  };
}

/** One try an activity: the workflow counts the losses, because only it knows whether a checkpoint is new. */
function trainerOf({ run, number, to_epoch }: NasTrialInput): TrainRungActivities {
  return proxyActivities<TrainRungActivities>({
    taskQueue: ENGINE_QUEUES[run.search.engine],
    startToCloseTimeout: '24 hours',
    heartbeatTimeout: '6 seconds',
    retry: { maximumAttempts: 1 },
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    summary: `trial ${number} to epoch ${to_epoch}`,
  });
}

/** Of a failure that says nothing about the training itself: where the next try goes on from. */
function lossOf(error: unknown): { readonly checkpoint: RungCheckpoint | null } | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof TimeoutFailure) {
    const last = cause.lastHeartbeatDetails as Partial<RungHeartbeat> | undefined;
    return { checkpoint: last?.checkpoint ?? null };
  }
  if (cause instanceof ApplicationFailure && cause.nonRetryable === true) return undefined;
  // An engine that ends by itself, such as a worker that shuts down, may say how far it came.
  const told = cause instanceof ApplicationFailure ? (cause.details?.[0] as Partial<RungHeartbeat> | undefined) : undefined;
  return { checkpoint: told?.checkpoint ?? null };
}

function errorOf(error: unknown): TrialError {
  const { code, message } = stepErrorOf(error);
  return { code: code ?? 'ERROR', message };
}

function lostTooOften(losses: number, error: unknown): TrialError {
  const { code, message } = errorOf(error);
  return {
    code: code === 'TIMEOUT' ? 'WORKER_LOST' : code,
    message: `lost its worker ${losses} times in a row without a new checkpoint: ${message}`,
  };
}
