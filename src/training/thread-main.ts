import { parentPort, workerData } from 'node:worker_threads';
import type { EpochRecord } from '../contracts/training-spec.ts';
import { loadDataset } from './datasets/registry.ts';
import { TrainingError } from './errors.ts';
import type { ThreadInput, ThreadMessage, ThreadResult } from './thread-messages.ts';
import { createTrainer, type Trainer } from './trainer.ts';

// Entry of the training thread; started by trainInThread only.

// workerData is untyped; trainInThread is the one place that fills it.
const input: ThreadInput = workerData;
const stop = new Int32Array(input.stop);

try {
  run();
} catch (error) {
  post({
    type: 'failed',
    code: error instanceof TrainingError ? error.code : null,
    message: error instanceof Error ? error.message : String(error),
    stack: error instanceof Error ? error.stack : undefined,
  });
}

function run(): void {
  const dataset = loadDataset(input.datasetId, { limit: input.datasetLimit, published: input.datasetsFolder ?? undefined });
  const { spec, seed, fit } = input;
  const trainer = createTrainer({
    spec,
    dataset,
    seed,
    fit,
    checkpoint: input.checkpoint ?? undefined,
    engine: input.engine ?? undefined,
  });
  const epochs = trainUntilStopped(trainer);
  const checkpoint = trainer.checkpoint();
  const model = trainer.done ? trainer.model() : null;
  const result: ThreadResult = {
    aborted: !reached(trainer),
    checkpoint,
    epochs,
    model,
    test_accuracy: trainer.done && input.scoreTest ? trainer.evaluate('test').accuracy : null,
    validation_accuracy: trainer.position.validation_accuracy,
    weights_sha256: trainer.weightsSha256(),
    params: trainer.paramCount,
    engine: trainer.engine,
  };
  post({ type: 'done', result }, [checkpoint, ...(model === null ? [] : [model])]);
}

function trainUntilStopped(trainer: Trainer): EpochRecord[] {
  const records: EpochRecord[] = [];
  let epochStart = performance.now();
  let lastPost = Number.NEGATIVE_INFINITY;
  while (!reached(trainer) && Atomics.load(stop, 0) === 0) {
    const { finished } = trainer.trainBatch();
    if (input.crash) process.exit(1);
    const now = performance.now();
    if (finished !== null) {
      const { epoch, trainLoss, validationAccuracy } = finished;
      records.push(
        reportEpoch(trainer, {
          epoch,
          train_loss: trainLoss,
          validation_accuracy: validationAccuracy,
          ms: now - epochStart,
        }),
      );
      epochStart = now;
    }
    if (now - lastPost >= input.everyMs) {
      postProgress(trainer);
      lastPost = now;
    }
  }
  return records;
}

function reached(trainer: Trainer): boolean {
  return trainer.done || trainer.position.epoch >= input.untilEpoch;
}

function reportEpoch(trainer: Trainer, record: EpochRecord): EpochRecord {
  if (input.sendCheckpoints) {
    const checkpoint = trainer.checkpoint();
    post({ type: 'epoch', record, checkpoint }, [checkpoint]);
  }
  return record;
}

function postProgress(trainer: Trainer): void {
  const { epoch, batch, loss_sum: lossSum, validation_accuracy } = trainer.position;
  const loss = batch === 0 ? null : lossSum / batch;
  post({
    type: 'progress',
    progress: { epoch, batch, batches: trainer.batches, epochs: input.spec.epochs, loss, validation_accuracy },
  });
}

// Bytes are handed over instead of copied.
function post(message: ThreadMessage, handOver: readonly Uint8Array[] = []): void {
  parentPort?.postMessage(
    message,
    handOver.flatMap(({ buffer }) => (buffer instanceof ArrayBuffer ? [buffer] : [])),
  );
}
