import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import type { Fit } from '../contracts/train-rung.ts';
import type { DatasetLimit, EpochRecord, TrainingProgress, TrainingSpec } from '../contracts/training-spec.ts';
import { TrainingError } from './errors.ts';
import type { Engine } from './kernel/kernel.ts';
import type { ThreadInput, ThreadMessage, ThreadResult } from './thread-messages.ts';

const DEFAULT_EVERY_MS = 250;

/** What to train in a thread, and how to follow it. */
export interface ThreadTraining {
  readonly spec: TrainingSpec;
  readonly dataset_id: string;
  /** Default: the whole dataset. */
  readonly dataset_limit?: DatasetLimit | null | undefined;
  /** Folder of published datasets. Default: there are none. */
  readonly datasets_folder?: string | undefined;
  /** Integer, 0 to 2^53 - 1. */
  readonly seed: number;
  /** Which images it learns from. Default `train`; with `train_and_validation` the validation accuracy is of images it has seen. */
  readonly fit?: Fit | undefined;
  /** Continues from here: the path of a checkpoint, or its bytes. Default: from fresh weights. */
  readonly checkpoint?: string | Uint8Array | undefined;
  /** Stops when this many epochs are finished. Default: all of the spec. */
  readonly until_epoch?: number | undefined;
  /** Called at most once in `every_ms`. What it throws stops the training and is passed on. */
  readonly heartbeat?: ((progress: TrainingProgress) => void) | undefined;
  /** Called after each epoch with what is needed to continue from there. What it throws stops the training and is passed on. */
  readonly onEpoch?: ((record: EpochRecord, checkpoint: Uint8Array) => void) | undefined;
  /** Stops within one batch; the promise then resolves with `aborted: true` and a checkpoint. */
  readonly signal?: AbortSignal | undefined;
  /** Shortest time between heartbeats, milliseconds. Default 250. */
  readonly every_ms?: number | undefined;
  /** Also scores the test images when the training is done. Default false: searches must not look at them. */
  readonly score_test?: boolean | undefined;
  /** Default: the fastest that this Node supports. The result does not depend on it. */
  readonly engine?: Engine | undefined;
  /** A fire drill: the thread ends after its first batch, like a process that crashed. Default false. */
  readonly crash?: boolean | undefined;
}

/**
 * Trains in a thread of its own, so that this thread stays free to heartbeat. Same result as a trainer on this thread.
 *
 * @throws TrainingError any code of `createTrainer` and `loadDataset`; `TRAINING_DIVERGED`; `TRAINING_THREAD_LOST` when the
 * thread ended without a result.
 */
export async function trainInThread(training: ThreadTraining): Promise<ThreadResult> {
  const stop = new SharedArrayBuffer(4);
  const worker = new Worker(threadFile(), { workerData: await threadInput(training, stop) });
  const requestStop = () => void Atomics.store(new Int32Array(stop), 0, 1);
  training.signal?.addEventListener('abort', requestStop, { once: true });
  if (training.signal?.aborted === true) requestStop();
  try {
    return await outcome(worker, training);
  } finally {
    training.signal?.removeEventListener('abort', requestStop);
    await worker.terminate();
  }
}

async function threadInput(training: ThreadTraining, stop: SharedArrayBuffer): Promise<ThreadInput> {
  const { spec, checkpoint } = training;
  return {
    spec,
    datasetId: training.dataset_id,
    datasetLimit: training.dataset_limit ?? null,
    datasetsFolder: training.datasets_folder ?? null,
    seed: training.seed,
    fit: training.fit ?? 'train',
    checkpoint: typeof checkpoint === 'string' ? await readCheckpoint(checkpoint) : (checkpoint ?? null),
    untilEpoch: training.until_epoch ?? spec.epochs,
    everyMs: training.every_ms ?? DEFAULT_EVERY_MS,
    sendCheckpoints: training.onEpoch !== undefined,
    scoreTest: training.score_test ?? false,
    engine: training.engine ?? null,
    crash: training.crash ?? false,
    stop,
  };
}

async function readCheckpoint(path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    throw new TrainingError('CHECKPOINT_CORRUPT', `The checkpoint ${path} cannot be read.`, { cause });
  }
}

function outcome(worker: Worker, { heartbeat, onEpoch }: ThreadTraining): Promise<ThreadResult> {
  return new Promise((resolve, reject) => {
    const handle = (message: ThreadMessage) => {
      if (message.type === 'progress') heartbeat?.(message.progress);
      else if (message.type === 'epoch') onEpoch?.(message.record, message.checkpoint);
      else if (message.type === 'done') resolve(message.result);
      else reject(rebuildError(message));
    };
    worker.on('message', (message: ThreadMessage) => {
      // Thrown out of an event handler, an error of a callback would end the process.
      try {
        handle(message);
      } catch (error) {
        reject(error);
      }
    });
    worker.on('messageerror', (cause) => reject(lost('sent a message that cannot be read', cause)));
    worker.on('error', (cause) => reject(lost(`failed: ${cause.message}`, cause)));
    worker.on('exit', (code) => reject(lost(`ended with exit code ${code} before it had a result`)));
  });
}

function rebuildError({ code, message, stack }: Extract<ThreadMessage, { type: 'failed' }>): Error {
  const cause = new Error(message);
  if (stack !== undefined) cause.stack = stack;
  return code === null ? lost(`failed: ${message}`, cause) : new TrainingError(code, message, { cause });
}

function lost(what: string, cause?: unknown): TrainingError {
  return new TrainingError('TRAINING_THREAD_LOST', `The training thread ${what}.`, { cause });
}

// A thread is started from a file that Node can run by itself. Compiled, that is the neighbour; when this module runs from its
// TypeScript source (under vitest, which transforms modules but not threads), it is the built file in dist.
function threadFile(): URL {
  const neighbour = new URL('./thread-main.js', import.meta.url);
  return existsSync(neighbour) ? neighbour : new URL('../../dist/training/thread-main.js', import.meta.url);
}
