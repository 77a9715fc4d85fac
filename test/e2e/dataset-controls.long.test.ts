import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cancelSaga, pauseRun, resumeRun, skipStep } from '../../src/client/control.ts';
import { progressOfRun } from '../../src/client/progress.ts';
import { waitClosed } from '../../src/client/wait.ts';
import type { ProgressObject } from '../../src/contracts/progress.ts';
import { filesBelow, jsonLines, published, resultOf, startDatasetWorld, type DatasetWorld } from '../support/dataset-world.ts';
import { drawnPng } from '../support/drawn-images.ts';
import { until } from '../support/until.ts';

// Builds that are paused, cancelled and watched while their source keeps their requests waiting.

/** Images in a batch, requests of it at a time, and batches at a time. */
const [BATCH, REQUESTS, IN_FLIGHT] = [50, 8, 4];

let world: DatasetWorld;
beforeAll(async () => void (world = await startDatasetWorld()));
afterAll(() => world.stop());

/** The input of a build of so many images of a shop, by a manifest; shops are all alike. */
function shop(
  dataset: string,
  images: number,
): { readonly dataset: string; readonly sources: readonly object[]; readonly download: object } {
  const { source } = world;
  const paths = Array.from({ length: images }, (_, idx) => `/${dataset}/images/${idx}.png`);
  for (const [idx, path] of paths.entries()) source.serve(path, drawnPng(idx + 1));
  const rows = paths.map((path, idx) => `${JSON.stringify({ url: source.url(path), label: idx % 2 === 0 ? 'even' : 'odd' })}\n`);
  source.serve(`/${dataset}/all.jsonl`, rows.join(''));
  return { dataset, sources: [{ type: 'manifest', path: source.url(`/${dataset}/all.jsonl`) }], download: { max_retries: 0 } };
}

const askedOf = (dataset: string): readonly string[] => world.source.asked(`/${dataset}/images/`);
const artifacts = (): string[] => filesBelow(world.artifactsDir);
const imagesAt = (dataset: string, version: number): number => published(world, dataset, version).images;

/** Resolves once the download of a build has been told to pause, and nothing of it is under way. */
async function downloadAtRest(id: string): Promise<void> {
  const job = (await world.cerebros.temporal()).workflow.getHandle(`${id}.download`);
  const told = async (): Promise<boolean> =>
    (await job.fetchHistory()).events?.some((event) => event.workflowExecutionSignaledEventAttributes) ?? false;
  await until(told, 20_000, `the pause of ${id}.download`);
  world.source.release();
  const resting = async (): Promise<boolean> => {
    const { raw } = await job.describe();
    return (raw.pendingActivities?.length ?? 0) === 0 && !raw.pendingWorkflowTask;
  };
  await until(resting, 30_000, `the rest of ${id}.download`);
}

/** Starts a build, and waits until its source holds all requests that it makes at a time. */
async function startHeld(id: string, input: object): Promise<void> {
  world.source.hold(`/${id}/images/`);
  await world.start(id, input);
  await until(() => world.source.held() === REQUESTS * IN_FLIGHT, 30_000, `the requests of ${id}`);
}

function expectSound(samples: readonly ProgressObject[]): void {
  for (const [idx, { progress, tasks, total_steps, ...counts }] of samples.entries()) {
    expect(progress).toBeGreaterThanOrEqual(samples[idx - 1]?.progress ?? 0);
    expect(progress).toBeLessThanOrEqual(100);
    const count = (...statuses: readonly string[]): number => tasks.filter((task) => statuses.includes(task.status)).length;
    expect([total_steps, counts.completed_tasks]).toEqual([tasks.length, count('completed', 'skipped')]);
    expect([counts.failed_tasks, counts.running_tasks]).toEqual([count('failed'), count('running', 'retrying')]);
    expect(counts.completed_tasks + counts.failed_tasks + counts.running_tasks + count('pending', 'queued')).toBe(total_steps);
  }
}

describe('a build that is paused in the middle of its download', () => {
  it('finishes the running batches, starts no other, is the same without a worker, and goes on where it was', async () => {
    const input = shop('paused', 300);
    await startHeld('paused', input);
    await pauseRun(world.cerebros, 'paused');
    await downloadAtRest('paused');
    const batches = jsonBatches('paused');
    expect([batches.length, askedOf('paused').length]).toEqual([IN_FLIGHT, IN_FLIGHT * BATCH]);
    const resting = await until(async () => {
      const progress = await progressOfRun(world.cerebros, 'paused');
      return progress.status === 'paused' ? progress : undefined;
    });
    expect(resting).toMatchObject({ current_step: 'download', paused: true, completed_tasks: 0 });
    expect(resting.progress).toBeGreaterThan(0);
    const { eta_s: _, ...lasting } = await world.withoutWorker(() => world.ask<ProgressObject>(['progress', 'paused']));
    expect(resting).toMatchObject(lasting);
    expect(askedOf('paused')).toHaveLength(IN_FLIGHT * BATCH);
    await resumeRun(world.cerebros, 'paused');
    expect(resultOf(await waitClosed(world.cerebros, 'paused')).images).toBe(300);
    expect([new Set(askedOf('paused')).size, askedOf('paused').length]).toEqual([300, 300]);
  });

  it('takes a result for the step that publishes, and then publishes nothing', async () => {
    await startHeld('skipping', shop('skipping', 60 * IN_FLIGHT));
    await pauseRun(world.cerebros, 'skipping');
    await skipStep(world.cerebros, 'skipping', 'store', { images: 0 });
    world.source.release();
    await resumeRun(world.cerebros, 'skipping');
    const run = await waitClosed(world.cerebros, 'skipping');
    expect([run.status, run.steps.map(({ status }) => status)]).toEqual([
      'completed',
      ['completed', 'completed', 'completed', 'completed', 'skipped'],
    ]);
    expect(existsSync(join(world.artifactsDir, 'datasets', 'skipping'))).toBe(false);
  });
});

function jsonBatches(id: string): string[] {
  return filesBelow(join(world.artifactsDir, 'runs', id, 'download')).filter((file) => file.endsWith('.jsonl'));
}

describe('a build that is watched', () => {
  it('tells progress that never falls, counts that add up, and 100 at its end', async () => {
    await startHeld('watched', shop('watched', 240));
    const samples: ProgressObject[] = [];
    const following = until(async () => {
      samples.push(await progressOfRun(world.cerebros, 'watched'));
      await pause(200);
      return samples.at(-1)?.status === 'completed';
    });
    for (const share of [60, 60]) {
      const asked = askedOf('watched').length;
      world.source.release(share);
      await until(() => askedOf('watched').length === asked + share, 20_000, `${share} more requests`);
      const seen = samples.length;
      await until(() => samples.length > seen + 1, 20_000, 'a sample');
    }
    world.source.release();
    await following;
    expectSound(samples);
    expect(new Set(samples.map(({ progress }) => progress)).size).toBeGreaterThan(2);
    expect(samples.at(-1)).toMatchObject({ status: 'completed', progress: 100, completed_tasks: 5, current_step: null });
    expect(await world.ask(['progress', 'watched'])).toEqual(samples.at(-1));
  });
});

describe('a build that is cancelled', () => {
  it('in the middle of its download leaves nothing of it, and the earlier version as it was', async () => {
    await world.build('cancelled-first', shop('cancelled', 60));
    const before = artifacts();
    const more = shop('cancelled', 300);
    world.source.hold('/cancelled/images/');
    await world.start('cancelled', more);
    world.source.release(70);
    await until(() => jsonBatches('cancelled').length + partLines('cancelled') > 0, 30_000, 'an image');
    expect(artifacts().length).toBeGreaterThan(before.length);
    await cancelSaga(world.cerebros, 'cancelled');
    const run = await waitClosed(world.cerebros, 'cancelled');
    expect(run).toMatchObject({ status: 'rolled_back', error: { reason: 'cancelled' } });
    expect(artifacts()).toEqual(before);
    expect(existsSync(join(world.artifactsDir, 'runs', 'cancelled'))).toBe(false);
    expect(imagesAt('cancelled', 1)).toBe(60);
    world.source.release();
    expect(await world.ask(['ledger', 'verify', 'cancelled'])).toMatchObject({ agrees: true });
  });

  it('while it publishes gives back what it brought into the store, and leaves what an earlier version has too', async () => {
    await world.build('stored-first', shop('stored', 60));
    const before = artifacts();
    const stored = (): string[] => filesBelow(join(world.artifactsDir, 'sha256'));
    const storedBefore = stored().length;
    const ledger = await world.cerebros.ledger();
    await ledger.begin(async (tx) => {
      // Its images come into the store before it asks the ledger for its version, and there it stands.
      await tx`lock table datasets in access exclusive mode`;
      const { sources, ...rest } = shop('stored', 60);
      await world.start('stored', { ...rest, sources: [...sources, own()] });
      await until(() => stored().length === storedBefore + OWN.length, 30_000, 'the new images in the store');
      await cancelSaga(world.cerebros, 'stored');
    });
    expect(await waitClosed(world.cerebros, 'stored')).toMatchObject({ status: 'rolled_back', error: { reason: 'cancelled' } });
    expect(artifacts()).toEqual(before);
    expect(imagesAt('stored', 1)).toBe(60);
  });
});

/** Images that no other build of this file has. */
const OWN = Array.from({ length: 20 }, (_, idx) => 1000 + idx);

function own(): object {
  for (const seed of OWN) world.source.serve(`/own/${seed}.png`, drawnPng(seed));
  return { type: 'urls', urls: OWN.map((seed) => world.source.url(`/own/${seed}.png`)), label: 'even' };
}

function partLines(id: string): number {
  const dir = join(world.artifactsDir, 'runs', id, 'download');
  return filesBelow(dir).reduce((sum, file) => sum + jsonLines(join(dir, file)).length, 0);
}
