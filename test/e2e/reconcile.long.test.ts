import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { Client } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyLedger } from '../../src/client/ledger-check.ts';
import { recoverRun } from '../../src/client/recover.ts';
import { rollBackEnded } from '../../src/client/reconcile.ts';
import { rollbackRun } from '../../src/client/rollback.ts';
import { showRun } from '../../src/client/show.ts';
import { LIMITS } from '../../src/contracts/limits.ts';
import { RECONCILE } from '../../src/contracts/reconcile.ts';
import type { SagaStart } from '../../src/contracts/saga-start.ts';
import { listedAsEnded, nextLook, startReconcileWorld, type ReconcileWorld } from '../support/reconcile-world.ts';
import { sixSteps, startSix, type SixStart } from '../support/six-steps.ts';
import { until } from '../support/until.ts';

/** Waits in its fourth step, with three done. */
const HELD = sixSteps({ d: { script: { do: 'wait' } } });
/** Done and undone once each; of what ran at the same time in either order. */
const UNDONE = ['do a', 'do b', 'do c', 'do d', 'undo a done', 'undo b done', 'undo c done', 'undo d unknown'];

let world: ReconcileWorld;
beforeAll(async () => void (world = await startReconcileWorld()));
afterAll(() => world.stop());

const effectsOf = (id: string): string[] =>
  world.effects.all(id).map(({ phase, step, outcome }) => [phase, step, outcome].filter(Boolean).join(' '));

/** A run that waits in its fourth step. */
async function held(start: SixStart = {}): Promise<string> {
  const id = await startSix(world, HELD, start);
  await until(() => effectsOf(id).includes('do d'), 20_000, `the fourth step of ${id}`);
  return id;
}

async function terminate(id: string): Promise<string> {
  await world.client.workflow.getHandle(id).terminate('a test');
  await listedAsEnded(world.client, id);
  return id;
}

async function latest(id: string): Promise<string> {
  const { status, runId } = await world.client.workflow.getHandle(id).describe();
  return `${status.name} ${runId}`;
}

/** What a whole look after now leaves of the run: nothing must have changed. */
async function expectLeftAlone(id: string): Promise<void> {
  const before = [await latest(id), effectsOf(id)];
  const look = await nextLook(world.client);
  expect([...look.rolled_back, ...look.failed.map((one) => one.id)]).not.toContain(id);
  expect([await latest(id), effectsOf(id)]).toEqual(before);
}

describe('a run that Temporal ended', () => {
  it.each([
    { how: 'terminated', end: async () => terminate(await held()) },
    { how: 'timeout', end: () => held({ run_timeout_ms: 3000 }) },
  ])('is undone by itself, each effect once ($how), and then left alone', async ({ how, end }) => {
    const id = await end();
    const run = await world.becomes(id, ({ status }) => status === 'rolled_back');
    expect(run.error).toMatchObject({ reason: how, compensate_from_idx: 3 });
    expect(effectsOf(id).toSorted()).toEqual(UNDONE);
    expect(
      effectsOf(id)
        .filter((effect) => effect.startsWith('undo'))
        .at(-1),
    ).toBe('undo a done');
    await until(async () => !(await latest(id)).startsWith('RUNNING'), 20_000, `the end of ${id}`);
    await expectLeftAlone(id);
    for await (const verdict of verifyLedger(world.cerebros, id)) expect(verdict).toEqual({ id, status: 'ok', differences: [] });
  });

  it('is undone even when it ended before its first flush', async () => {
    const taskQueue = `late-${randomBytes(4).toString('hex')}`;
    const id = await terminate(await startSix({ ...world, taskQueue }, sixSteps()));
    await until(async () => (await latest(id)).startsWith('RUNNING'), 20_000, `the rollback of ${id}`);
    await world.serve(taskQueue);
    await world.becomes(id, ({ status }) => status === 'rolled_back' || status === 'cancelled');
    expect(effectsOf(id)).toEqual([]);
  });

  it('is undone though its row is closed, by the run before', async () => {
    const taskQueue = `once-${randomBytes(4).toString('hex')}`;
    const worker = await world.serve(taskQueue);
    const id = await startSix({ ...world, taskQueue }, sixSteps({ b: { script: { do: 'no_effect' } } }), { start: { on_failure: 'halt' } });
    await until(async () => (await latest(id)).startsWith('FAILED'), 20_000, `the end of ${id}`);
    await worker.stop();
    const { run_id } = await rollbackRun(world.cerebros, id);
    await terminate(id);
    expect(await showRun(world.cerebros, id)).toMatchObject({ status: 'halted' });
    await until(async () => !(await latest(id)).endsWith(run_id ?? ''), 20_000, `another rollback of ${id}`);
    await world.serve(taskQueue);
    await world.becomes(id, ({ status }) => status === 'rolled_back');
    expect(effectsOf(id).toSorted()).toEqual(['do a', 'do c', 'undo a done', 'undo c done']);
  });

  it('is undone again when its rollback was terminated too', async () => {
    const id = await startSix(world, sixSteps({ d: { script: { do: 'wait', undo: 'wait' } } }), { start: { on_failure: 'halt' } });
    await until(() => effectsOf(id).includes('do d'));
    await world.client.workflow.getHandle(id).cancel();
    await world.becomes(id, ({ status }) => status === 'compensating');
    await until(() => effectsOf(id).includes('undo d unknown'), 20_000, 'its undo');
    await terminate(id);
    writeFileSync(`${world.gate}.undo.${id}`, '');
    await world.becomes(id, ({ status }) => status === 'rolled_back');
    expect(effectsOf(id).toSorted()).toEqual(UNDONE);
  });
});

describe('a run that is somebody else’s', () => {
  it('keeps everything when it was started with on_failure halt', async () => {
    const id = await terminate(await held({ start: { on_failure: 'halt' } }));
    await expectLeftAlone(id);
    expect(await showRun(world.cerebros, id)).toMatchObject({ status: 'running' });
    await recoverRun(world.cerebros, id, { from_step: 3 });
    writeFileSync(`${world.gate}.${id}`, '');
    await world.becomes(id, ({ status }) => status === 'completed');
  });

  it('goes on while it is open', async () => {
    const id = await held();
    await expectLeftAlone(id);
    writeFileSync(`${world.gate}.${id}`, '');
    await world.becomes(id, ({ status }) => status === 'completed');
  });

  it('is its parent’s as long as that is open, and rolled back once that has closed', async () => {
    const parent = await held();
    const start: SagaStart = { parent_id: parent };
    const id = await terminate(await held({ start }));
    await expectLeftAlone(id);
    writeFileSync(`${world.gate}.${parent}`, '');
    await world.becomes(parent, ({ status }) => status === 'completed');
    await world.becomes(id, ({ status }) => status === 'rolled_back');
    expect(effectsOf(id).toSorted()).toEqual(UNDONE);
  });

  it('does not stop the others when it cannot be rolled back', async () => {
    // Its converter, unlike ours, lets more through than a rollback can carry.
    const client = new Client({ connection: world.client.connection });
    const start: SagaStart = { metadata: { note: 'x'.repeat(LIMITS.seedBytes) } };
    const id = await startSix({ client, taskQueue: 'nobody' }, sixSteps(), { start });
    const other = await held();
    await Promise.all([terminate(other), terminate(id)]);
    await world.becomes(other, ({ status }) => status === 'rolled_back');
    const look = await nextLook(world.client);
    expect(look.failed).toEqual([{ id, message: expect.stringContaining(`expected at most ${LIMITS.seedBytes}`) }]);
    await until(() => world.worker.log.includes(`cannot roll back ${id}`), 5000, 'a line in the log');
  });
});

describe('the library’s look', () => {
  it('takes up no more runs than it is allowed, nor any once it is told to stop', async () => {
    expect(await rollBackEnded(world.cerebros, { limit: 0 })).toEqual({ rolled_back: [], failed: [] });
    expect(await rollBackEnded(world.cerebros, { signal: AbortSignal.abort() })).toEqual({ rolled_back: [], failed: [] });
    expect((await rollBackEnded(world.cerebros)).failed).toHaveLength(1);
  });
});

describe('the schedule', () => {
  it('is one for all workers, and stays paused when a worker starts', async () => {
    const schedule = world.client.schedule.getHandle(RECONCILE.schedule_id);
    await schedule.pause('a person');
    const id = await terminate(await held());
    const another = world.anotherWorker();
    await until(() => another.log.includes('worker polls'), 30_000, 'another worker');
    const ids: string[] = [];
    for await (const { scheduleId } of world.client.schedule.list()) ids.push(scheduleId);
    expect(ids.filter((one) => one === RECONCILE.schedule_id)).toEqual([RECONCILE.schedule_id]);
    expect((await schedule.describe()).state).toMatchObject({ paused: true, note: 'a person' });
    await schedule.unpause();
    await world.becomes(id, ({ status }) => status === 'rolled_back');
    rmSync(world.gate, { force: true });
  });
});
