import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { sha256Of } from '../../src/artifacts/store.ts';
import type { TrainRungInput } from '../../src/contracts/train-rung.ts';
import { loadDataset } from '../../src/training/datasets/registry.ts';
import { loadModel } from '../../src/training/model-file.ts';
import { attempt, bestDir, firstRung, rungInput, train, trialDir, withoutTimes } from './train-rung-attempt.ts';

const diverging = { optimizer: 'sgd', learning_rate: 1, width: 64, depth: 4, batch_size: 1 };

afterEach(() => void vi.useRealTimers());

describe('trainRung', () => {
  test('trains one epoch, then two more from its checkpoint, to the same bits as three in one go', async () => {
    const first = await firstRung();
    const then = await train({ checkpoint: first.checkpoint });
    const whole = await train({ trial: 8 });
    expect(then.checkpoint).toEqual(whole.checkpoint);
    expect(withoutTimes({ ...then, epochs: [...first.epochs, ...then.epochs] })).toEqual(withoutTimes(whole));
  });

  test('answers with its configuration, its epochs, and a checkpoint that is on disk', async () => {
    const { checkpoint, epochs, weights_sha256, ...result } = await train();
    const { params, seed } = rungInput();
    const param_count = 4 * 10 + (4 * 16 * 16 + 16) + 17 * 10;
    expect(result).toEqual({ engine: 'typescript', params, seed, value: epochs[2]?.validation_accuracy, param_count, model: null });
    expect(epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
    expect(checkpoint).toMatchObject({ file: 'epoch-3.ckpt', epoch: 3 });
    expect(sha256Of(readFileSync(join(trialDir(), checkpoint.file)))).toBe(checkpoint.sha256);
    expect(weights_sha256).not.toBe((await firstRung({ trial: 8 })).weights_sha256);
  });

  test('writes the model and scores the test images when it is the final one', async () => {
    const { model, weights_sha256 } = await train({ final: true });
    const bytes = readFileSync(join(trialDir(), 'model.bin'));
    const { splits } = loadDataset('digits', { limit: rungInput().dataset_limit });
    expect(model).toEqual({ file: 'model.bin', sha256: sha256Of(bytes), test_accuracy: loadModel(bytes).evaluate(splits.test).accuracy });
    expect(bytes.toString('latin1')).toContain(weights_sha256);
  });

  test('trains the winner on train and validation images, in a folder of its own', async () => {
    const trial = await train();
    const best = await train({ fit: 'train_and_validation', final: true });
    expect(best.weights_sha256).not.toBe(trial.weights_sha256);
    expect(existsSync(join(bestDir(), 'model.bin'))).toBe(true);
    expect(existsSync(join(trialDir(), 'model.bin'))).toBe(false);
  });

  test('is the same with the same seed, and another with another', async () => {
    const [one, same, other] = [await train(), await train({ trial: 8 }), await train({ trial: 9, seed: 6 })];
    expect(withoutTimes(same)).toEqual(withoutTimes(one));
    expect(other.weights_sha256).not.toBe(one.weights_sha256);
  });
});

describe('trainRung, under way', () => {
  test('names a checkpoint in a heartbeat only once it is on disk, with its hash, and keeps the one that it began with', async () => {
    const { checkpoint } = await firstRung();
    const there: boolean[] = [];
    const under = attempt(rungInput({ checkpoint }), {
      onHeartbeat: (heartbeat) => {
        const bytes = readFileSync(join(trialDir(), heartbeat.checkpoint?.file ?? ''));
        there.push(sha256Of(bytes) === heartbeat.checkpoint?.sha256, existsSync(join(trialDir(), checkpoint.file)));
      },
    });
    const result = await under.result;
    expect(there).not.toContain(false);
    expect(under.heartbeats.map((heartbeat) => heartbeat.checkpoint?.epoch)).toEqual([1, 2, 3]);
    expect(under.heartbeats.at(-1)).toEqual({ epoch: 3, done: 3, total: 3, checkpoint: result.checkpoint });
  });

  test('leaves of a finished rung the last checkpoint and the records', async () => {
    const { checkpoint } = await firstRung();
    await train({ checkpoint });
    expect(readdirSync(trialDir()).toSorted()).toEqual(['epoch-1.json', 'epoch-2.json', 'epoch-3.ckpt', 'epoch-3.json']);
  });

  test('heartbeats every second while the thread is silent, and no more when it has ended', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    let told = 0;
    const under = attempt(rungInput({ to_epoch: 1000 }), {
      onHeartbeat: (_, cancel) => {
        told += 1;
        if (told === 1) vi.advanceTimersByTime(3000);
        if (told === 4) cancel();
      },
    });
    await expect(under.result).rejects.toMatchObject({ name: 'CancelledFailure' });
    const count = under.heartbeats.length;
    expect(count).toBe(4);
    vi.advanceTimersByTime(3000);
    expect(under.heartbeats).toHaveLength(count);
  });

  test('stops soon when it is cancelled', async () => {
    let cancelledAt = 0;
    const under = attempt(rungInput({ to_epoch: 1000 }), {
      onHeartbeat: ({ epoch }, cancel) => {
        if (epoch < 2 || cancelledAt > 0) return;
        cancelledAt = performance.now();
        cancel();
      },
    });
    await expect(under.result).rejects.toMatchObject({ name: 'CancelledFailure' });
    expect(performance.now() - cancelledAt).toBeLessThan(1000);
  });
});

describe('trainRung fails', () => {
  test.each<[string, string, Partial<TrainRungInput>, string]>([
    ['a network that is too large', 'MODEL_TOO_LARGE', { max_params: 1000 }, 'Expected at most 1000 parameters (max_params)'],
    ['parameters that make no network', 'SPEC_INVALID', { params: { depth: 2, block2_op: 'conv' } }, 'block2_op: expected dense because'],
    ['a parameter that is none', 'SPEC_INVALID', { params: { layers: 2 } }, 'layers: expected one of depth, '],
    ['other images', 'DATASET_MISMATCH', { dataset_sha256: 'd'.repeat(64) }, `expected images with sha256 ${'d'.repeat(64)}`],
    ['a loss that is not finite', 'TRAINING_DIVERGED', { params: diverging }, 'lower learning_rate (now 1)'],
  ])('for good with %s: %s', async (_, type, changes, message) => {
    await expect(train(changes)).rejects.toMatchObject({ type, nonRetryable: true, message: expect.stringContaining(message) });
  });

  test('in a way that a retry may mend when it is drilled to crash', async () => {
    await expect(train({ crash: true })).rejects.toMatchObject({ type: 'TRAINING_THREAD_LOST', nonRetryable: false });
  });
});
