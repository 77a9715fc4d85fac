import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { RungCheckpoint, TrainRungInput } from '../../src/contracts/train-rung.ts';
import { datasetSha256 } from '../../src/training/datasets/registry.ts';
import { attempt, diedAfter, firstRung, rungInput, train, trialDir, withoutTimes } from './train-rung-attempt.ts';

const long = 400;

function damage({ file }: RungCheckpoint): void {
  const path = join(trialDir(), file);
  const bytes = readFileSync(path);
  bytes.set([(bytes.at(-1) ?? 0) ^ 1], bytes.length - 1);
  writeFileSync(path, bytes);
}

function images(train_images: number): Partial<TrainRungInput> {
  const dataset_limit = { ...rungInput().dataset_limit, train: train_images };
  return { dataset_limit, dataset_sha256: datasetSha256('digits', dataset_limit) };
}

function remove({ file }: RungCheckpoint): void {
  rmSync(join(trialDir(), file));
}

describe('trainRung, tried again', () => {
  test('goes on from the checkpoint that the attempt before told of, and answers with the epochs of both', async () => {
    const { checkpoint } = await firstRung();
    const input = rungInput({ checkpoint, to_epoch: long });
    const lastHeartbeat = await diedAfter(3, input);
    const third = readFileSync(join(trialDir(), 'epoch-3.json'), 'utf8');
    const again = attempt({ ...input, to_epoch: 5 }, { attempt: 2, lastHeartbeat });
    const result = await again.result;
    expect(again.warnings).toEqual(['trial search.t0007: attempt 2 resumed at epoch 3, on the way to epoch 5']);
    expect(again.heartbeats[0]).toEqual({ epoch: 3, done: 3, total: 5, checkpoint: lastHeartbeat.checkpoint });
    expect(result.epochs.map(({ epoch }) => epoch)).toEqual([2, 3, 4, 5]);
    // The third epoch was not trained again.
    expect(JSON.stringify(result.epochs[1])).toBe(third);
    const { epochs: _, ...whole } = await train({ trial: 8, to_epoch: 5 });
    expect(result).toMatchObject(whole);
  });

  test('goes on from what the attempt before has left on the disk and not told of, and tells of it first', async () => {
    const { checkpoint } = await firstRung();
    const input = rungInput({ checkpoint, to_epoch: long });
    const untold = await diedAfter(3, input);
    const told = { ...untold, epoch: 1, done: 1, checkpoint };
    const again = attempt({ ...input, to_epoch: 5 }, { attempt: 2, lastHeartbeat: told });
    const result = await again.result;
    expect(again.heartbeats[0]).toEqual({ epoch: 3, done: 3, total: 5, checkpoint: untold.checkpoint });
    const { epochs: _, ...whole } = await train({ trial: 8, to_epoch: 5 });
    expect(result).toMatchObject(whole);
  });

  test('begins with the checkpoint of its input when there was no heartbeat, and says nothing of a first attempt', async () => {
    const { checkpoint } = await firstRung();
    const first = attempt(rungInput({ checkpoint }));
    await first.result;
    expect([first.warnings, first.heartbeats[0]?.epoch]).toEqual([[], 1]);
    const other = await firstRung({ trial: 8 });
    const again = attempt(rungInput({ trial: 8, checkpoint: other.checkpoint }), { attempt: 2 });
    expect(withoutTimes(await again.result)).toEqual(withoutTimes(await first.result));
    expect(again.warnings).toEqual(['trial search.t0008: attempt 2 resumed at epoch 1, on the way to epoch 3']);
  });

  test.each<[string, (checkpoint: RungCheckpoint) => void, string]>([
    ['is gone', remove, 'found none; the training cannot go on'],
    ['has another hash', damage, 'the file is damaged'],
  ])('fails for good when the checkpoint that it is to go on from %s', async (_, harm, message) => {
    const failure = { type: 'CHECKPOINT_CORRUPT', nonRetryable: true, message: expect.stringContaining(message) };
    const { checkpoint } = await firstRung();
    const lastHeartbeat = await diedAfter(2, rungInput({ checkpoint, to_epoch: long }));
    if (lastHeartbeat.checkpoint) harm(lastHeartbeat.checkpoint);
    await expect(train({ checkpoint }, { attempt: 2, lastHeartbeat })).rejects.toMatchObject(failure);
    harm(checkpoint);
    await expect(train({ checkpoint })).rejects.toMatchObject(failure);
  });

  test('fails for good when a checkpoint belongs to another training', async () => {
    const { checkpoint } = await firstRung();
    await expect(train({ checkpoint, seed: 6 })).rejects.toMatchObject({ type: 'CHECKPOINT_MISMATCH', nonRetryable: true });
  });
});

describe('trainRung, whose answer was lost after its work', () => {
  test('makes the answer again without training, though the checkpoint that it began with is gone', async () => {
    const { checkpoint } = await firstRung();
    const input = rungInput({ checkpoint, final: true });
    const answer = await attempt(input).result;
    const again = attempt(input, { attempt: 2 });
    // With the same times: an epoch that is trained again takes others.
    expect(await again.result).toEqual(answer);
    expect(again.warnings).toEqual(['trial search.t0007: attempt 2 resumed at epoch 3, on the way to epoch 3']);
  });

  test.each<[string, Partial<TrainRungInput>]>([
    ['of another seed', { seed: 6 }],
    ['of other parameters', { params: { width: 9 } }],
    ['of other images', images(150)],
  ])('trains when what lies there is %s', async (_, changes) => {
    await train();
    const result = await train(changes, { attempt: 2 });
    expect(withoutTimes(result)).toEqual(withoutTimes(await train({ ...changes, trial: 8 })));
  });

  test('trains when what lies there is damaged, or lacks the record of an epoch', async () => {
    const answer = await train();
    damage(answer.checkpoint);
    expect(withoutTimes(await train({}, { attempt: 2 }))).toEqual(withoutTimes(answer));
    rmSync(join(trialDir(), 'epoch-2.json'));
    expect(withoutTimes(await train({}, { attempt: 2 }))).toEqual(withoutTimes(answer));
  });
});
