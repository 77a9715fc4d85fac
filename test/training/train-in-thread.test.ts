import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { describe, expect, it } from 'vitest';
import type { TrainingProgress } from '../../src/contracts/training-spec.ts';
import { readCheckpointHeader } from '../../src/training/checkpoint.ts';
import { datasetInfo, loadDataset } from '../../src/training/datasets/registry.ts';
import { modelSha256 } from '../../src/training/model-file.ts';
import { resolveSpec } from '../../src/training/resolve-spec.ts';
import { trainInThread, type ThreadTraining } from '../../src/training/train-in-thread.ts';
import { createTrainer } from '../../src/training/trainer.ts';
import { digitsSpec, everyLayer } from './specs.ts';

const limit = { train: 200, validation: 100, test: 100 };
const base: ThreadTraining = { spec: digitsSpec(everyLayer), dataset_id: 'digits', dataset_limit: limit, seed: 1 };
const endless: ThreadTraining = { ...base, spec: { ...base.spec, epochs: 1000 }, dataset_limit: null, every_ms: 0 };

describe('trainInThread', () => {
  it('gives the result of a trainer on the main thread', async () => {
    const result = await trainInThread({ ...base, score_test: true });
    const trainer = createTrainer({ spec: base.spec, dataset: loadDataset('digits', { limit }), seed: 1 });
    trainer.trainUntil();
    expect(result.checkpoint).toEqual(trainer.checkpoint());
    expect(modelSha256(result.model ?? new Uint8Array())).toBe(modelSha256(trainer.model()));
    expect(result).toMatchObject({
      aborted: false,
      test_accuracy: trainer.evaluate('test').accuracy,
      validation_accuracy: trainer.evaluate('validation').accuracy,
      params: trainer.paramCount,
    });
    expect(result.weights_sha256).toBe(trainer.weightsSha256());
    expect(result.epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
  });

  it('learns from train and validation images when it is asked to', async () => {
    const fit = 'train_and_validation';
    const trainer = createTrainer({ spec: base.spec, dataset: loadDataset('digits', { limit }), seed: 1, fit });
    trainer.trainUntil();
    expect((await trainInThread({ ...base, fit })).checkpoint).toEqual(trainer.checkpoint());
  });

  it('does not score the test images unless asked', async () => {
    expect((await trainInThread(base)).test_accuracy).toBeNull();
  });

  it('stops at until_epoch and goes on from bytes or from a file to the same model', async () => {
    const whole = await trainInThread(base);
    const half = await trainInThread({ ...base, until_epoch: 1 });
    expect(half.model).toBeNull();
    const folder = mkdtempSync(join(tmpdir(), 'cerebros-checkpoint-'));
    try {
      const path = join(folder, 'half.ckpt');
      writeFileSync(path, half.checkpoint);
      for (const checkpoint of [half.checkpoint, path]) {
        const rest = await trainInThread({ ...base, checkpoint });
        expect(rest.epochs.map(({ epoch }) => epoch)).toEqual([2, 3]);
        expect(rest.model).toEqual(whole.model);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('gives the model again from a checkpoint at the end', async () => {
    const whole = await trainInThread(base);
    const again = await trainInThread({ ...base, checkpoint: whole.checkpoint });
    expect(again.epochs).toEqual([]);
    expect(again.model).toEqual(whole.model);
  });

  it('hands over a checkpoint after every epoch that continues to the same model', async () => {
    const kept: Uint8Array[] = [];
    const whole = await trainInThread({ ...base, onEpoch: (_record, checkpoint) => void kept.push(checkpoint) });
    expect(kept.map((bytes) => readCheckpointHeader(bytes).epoch)).toEqual([1, 2, 3]);
    const rest = await trainInThread({ ...base, checkpoint: kept[1] });
    expect(rest.model).toEqual(whole.model);
  });
});

describe('trainInThread, stopped', () => {
  it('stops soon after an abort, with a checkpoint that continues bit for bit', async () => {
    const controller = new AbortController();
    let abortedAt = 0;
    const stopped = await trainInThread({
      ...endless,
      signal: controller.signal,
      heartbeat: ({ epoch, batch }) => {
        if (epoch < 1 || batch === 0 || controller.signal.aborted) return;
        abortedAt = performance.now();
        controller.abort();
      },
    });
    expect(performance.now() - abortedAt).toBeLessThan(1000);
    expect(stopped).toMatchObject({ aborted: true, model: null });
    const { epoch } = readCheckpointHeader(stopped.checkpoint);
    const dataset = loadDataset('digits');
    const resumed = createTrainer({ spec: endless.spec, dataset, seed: 1, checkpoint: stopped.checkpoint });
    const straight = createTrainer({ spec: endless.spec, dataset, seed: 1 });
    resumed.trainUntil(epoch + 1);
    straight.trainUntil(epoch + 1);
    expect(resumed.checkpoint()).toEqual(straight.checkpoint());
  });

  it('trains nothing when the signal was aborted before', async () => {
    const result = await trainInThread({ ...endless, signal: AbortSignal.abort() });
    expect(readCheckpointHeader(result.checkpoint).step).toBe(0);
    expect(result.aborted).toBe(true);
  });
});

describe('trainInThread, watched', () => {
  it('leaves the main loop responsive and reports progress no more often than asked', async () => {
    const mlp = resolveSpec('mlp', { epochs: 10 }, datasetInfo('mnist'));
    const seen: { at: number; progress: TrainingProgress }[] = [];
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    await trainInThread({
      spec: mlp,
      dataset_id: 'mnist',
      dataset_limit: { train: 5000, validation: 1000 },
      seed: 1,
      heartbeat: (progress) => void seen.push({ at: performance.now(), progress }),
    });
    delay.disable();
    expect(delay.max / 1e6).toBeLessThan(50);
    expect(seen.length).toBeGreaterThanOrEqual(2);
    expect(seen[0]?.progress).toMatchObject({ epoch: 0, batch: 1, batches: 79, epochs: 10, validation_accuracy: null });
    expect(seen.at(-1)?.progress.validation_accuracy).toBeGreaterThan(0.8);
    expect(seen.length).toBeLessThanOrEqual(1 + ((seen.at(-1)?.at ?? 0) - (seen[0]?.at ?? 0)) / 200);
  });

  it('passes on what went wrong in the thread, with its code', async () => {
    await expect(trainInThread({ ...base, dataset_id: 'cifar' })).rejects.toMatchObject({ code: 'DATASET_UNKNOWN' });
    await expect(trainInThread({ ...base, checkpoint: new Uint8Array(64) })).rejects.toMatchObject({
      code: 'CHECKPOINT_CORRUPT',
    });
    await expect(trainInThread({ ...base, checkpoint: '/nowhere/at-all.ckpt' })).rejects.toMatchObject({
      code: 'CHECKPOINT_CORRUPT',
    });
  });

  it('says that the thread was lost when it crashes, which a retry may mend', async () => {
    const crash = trainInThread({ ...base, crash: true });
    await expect(crash).rejects.toMatchObject({ code: 'TRAINING_THREAD_LOST', retryable: true });
  });

  it('stops and passes on what a callback throws', async () => {
    const failing = {
      ...endless,
      heartbeat: () => {
        throw new Error('no more heartbeats');
      },
    };
    await expect(trainInThread(failing)).rejects.toThrow('no more heartbeats');
  });
});
