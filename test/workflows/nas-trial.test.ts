import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RungCheckpoint, TrainRungInput } from '../../src/contracts/train-rung.ts';
import { startNasRig, type NasRig } from '../support/nas-rig.ts';
import { closed, held, noop, resultOf, searched, start, statusOf, trialsOf } from '../support/nas-searches.ts';
import { until } from '../support/until.ts';

let rig: NasRig;
beforeAll(async () => void (rig = await startNasRig()));
afterAll(() => rig.stop());

describe.concurrent('a trial that someone ends alone', () => {
  it.each([
    { how: 'terminated', end: (id: string) => rig.client.workflow.getHandle(id).terminate('by hand') },
    { how: 'cancelled', end: (id: string) => rig.client.workflow.getHandle(id).cancel() },
  ])('fails alone: the search goes on and completes ($how)', async ({ how, end }) => {
    const hold = await held(rig, how, noop());
    await end(`${how}.t0001`);
    await until(async () => (await statusOf(rig, `${how}.t0001`)) === how.toUpperCase(), 10_000, 'the end of the trial');
    hold.letGo();
    expect(resultOf(await closed(rig, how))).toMatchObject({ trials: { started: 8, failed: 1 } });
    const failed = (await trialsOf(rig, how)).filter((trial) => trial.status === 'failed');
    expect(failed.map(({ number, error }) => [number, error])).toEqual([
      [1, { code: `TRIAL_${how.toUpperCase()}`, message: expect.stringContaining(how) as string }],
    ]);
  });
});

/** What becomes of each try of a rung: `crash` is a failure without a word, `lost` and `shut` have told of a checkpoint, by a heartbeat and at the end. */
type Try = 'crash' | { readonly lost: RungCheckpoint } | { readonly shut: RungCheckpoint };

/** Plays the tries of trial 1; later ones train. Answers which checkpoint each try is to go on from. */
function playTries(id: string, tries: readonly Try[]): (RungCheckpoint | null)[] {
  const given: (RungCheckpoint | null)[] = [];
  rig.around(id, 'trainRung', async (rung: TrainRungInput, proceed) => {
    if (rung.trial !== 1) return proceed();
    const next = tries[given.length];
    expect(rung.checkpoint, 'where the rung begins, which no loss changes').toBeNull();
    given.push(rung.resume ?? null);
    if (next === 'crash') throw ApplicationFailure.create({ message: 'the thread is gone', type: 'TRAINING_THREAD_LOST' });
    if (next === undefined) return proceed();
    if ('shut' in next)
      throw ApplicationFailure.create({ message: 'the worker shuts down', type: 'WORKER_SHUTDOWN', details: [{ checkpoint: next.shut }] });
    const context = Context.current();
    context.heartbeat({ checkpoint: next.lost });
    // Never heard of again.
    return context.cancelled;
  });
  return given;
}

const checkpoint = (epoch: number): RungCheckpoint => ({ file: `epoch-${epoch}.ckpt`, sha256: 'ab'.repeat(32), epoch });
const onlyFull = { scheduler: 'none', sampler: 'random', budget: { max_trials: 3 }, epochs: 9 };

describe.concurrent('a trial that loses its worker', () => {
  it('goes on from the last checkpoint that was told of, and a new checkpoint begins the count of losses anew', async () => {
    const given = playTries('losses', [
      'crash',
      'crash',
      { lost: checkpoint(4) },
      'crash',
      'crash',
      { shut: checkpoint(6) },
      { shut: checkpoint(8) },
      'crash',
      'crash',
    ]);
    expect(resultOf(await searched(rig, 'losses', noop(onlyFull)))).toMatchObject({ trials: { completed: 3, failed: 0 } });
    expect(given.map((one) => one?.epoch ?? 0)).toEqual([0, 0, 0, 4, 4, 4, 6, 8, 8, 8]);
  });

  it.each([
    { max_worker_losses: 3, tries: 3 },
    { max_worker_losses: 1, tries: 1 },
  ])('so often in a row without a new checkpoint is a failed trial: $max_worker_losses', async ({ max_worker_losses, tries }) => {
    const id = `lost-${max_worker_losses}`;
    const given = playTries(id, ['crash', 'crash', 'crash', 'crash']);
    expect(resultOf(await searched(rig, id, noop({ ...onlyFull, max_worker_losses })))).toMatchObject({
      trials: { completed: 2, failed: 1 },
    });
    expect(given).toHaveLength(tries);
    expect((await trialsOf(rig, id))[1]?.error).toEqual({
      code: 'TRAINING_THREAD_LOST',
      message: `lost its worker ${tries} times in a row without a new checkpoint: the thread is gone`,
    });
  });

  it('whose heartbeats stop fails with a word of its own when none is left', async () => {
    playTries('silent', [{ lost: checkpoint(0) }]);
    await start(rig, 'silent', noop({ ...onlyFull, max_worker_losses: 1 }));
    expect(resultOf(await closed(rig, 'silent')).trials.failed).toBe(1);
    expect((await trialsOf(rig, 'silent'))[1]?.error).toMatchObject({ code: 'WORKER_LOST' });
  });
});
