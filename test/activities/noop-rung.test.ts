import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, test } from 'vitest';
import { createNoopRung } from '../../src/activities/noop-rung.ts';
import type { TrainRungInput, TrainRungResult } from '../../src/contracts/train-rung.ts';
import { rungInput } from './train-rung-attempt.ts';

function made(changes: Partial<TrainRungInput>): Promise<TrainRungResult> {
  return new MockActivityEnvironment().run(createNoopRung().trainRung, rungInput(changes));
}

describe('the rung that trains nothing', () => {
  test('makes its value up from the parameters alone, whatever their order', async () => {
    const one = await made({ params: { width: 8, op: 'dense' } });
    const same = await made({ params: { op: 'dense', width: 8 }, seed: 9, trial: 3, search_id: 'other' });
    const other = await made({ params: { width: 9, op: 'dense' } });
    expect([same.value, other.value]).toEqual([one.value, expect.not.closeTo(one.value, 6)]);
  });

  test('gives values from 0 to 1, spread out, that grow a little with the epochs', async () => {
    const values = await Promise.all(Array.from({ length: 200 }, async (_, width) => (await made({ params: { width } })).value));
    expect([Math.min(...values) >= 0, Math.max(...values) < 1]).toEqual([true, true]);
    expect(Math.max(...values) - Math.min(...values)).toBeGreaterThan(0.8);
    const [short, long] = [await made({ to_epoch: 1 }), await made({ to_epoch: 1000 })];
    expect(long.value - short.value).toBeCloseTo(0.05, 2);
  });

  test('answers as a training does, from its checkpoint on, without a model', async () => {
    const { checkpoint } = await made({ to_epoch: 1 });
    const result = await made({ checkpoint, to_epoch: 3, final: true });
    expect(result).toMatchObject({ engine: 'noop', params: rungInput().params, seed: 5, param_count: 1, model: null });
    expect(result.epochs.map(({ epoch }) => epoch)).toEqual([2, 3]);
    expect(result.epochs.at(-1)?.validation_accuracy).toBe(result.value);
    expect(result.checkpoint).toMatchObject({ epoch: 3, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  test('crashes when it is drilled to', async () => {
    await expect(made({ crash: true })).rejects.toMatchObject({ type: 'TRAINING_THREAD_LOST', nonRetryable: false });
  });
});
