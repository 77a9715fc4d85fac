import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { showRun } from '../../src/client/show.ts';
import { waitClosed } from '../../src/client/wait.ts';
import type { BatchStage } from '../../src/contracts/dataset-build.ts';
import { filesBelow, jsonLines, published, resultOf, startDatasetWorld, type DatasetWorld } from '../support/dataset-world.ts';
import { drawnPng } from '../support/drawn-images.ts';
import { until } from '../support/until.ts';

const IMAGES = 600;
/** Of an image, in pixels: large enough that to decode all of them takes seconds. */
const SIDE = 1024;
/** Requests of a batch at a time, in each of four batches. */
const REQUESTS = 4 * 8;
/** Images that the source gives to one life of the worker. */
const SHARE = 80;
/** Images that each life of the worker must have done before it dies. */
const PROGRESS: { readonly [stage in BatchStage]: number } = { download: SHARE - REQUESTS, validate: 20 };
const KILLS: { readonly [stage in BatchStage]: number } = { download: 6, validate: 4 };

let world: DatasetWorld;
beforeAll(async () => void (world = await startDatasetWorld()));
afterAll(() => world.stop());

/** The input of a build of all images, at URLs that no other build asks for. */
function drawn(dataset: string): object {
  const { source } = world;
  const paths = Array.from({ length: IMAGES }, (_, n) => pathOf(dataset, n));
  for (const [n, path] of paths.entries()) source.serve(path, drawnPng(n + 1, SIDE));
  source.serve(`/${dataset}.jsonl`, paths.map((path) => `${JSON.stringify({ url: source.url(path), label: 'drawn' })}\n`).join(''));
  return { dataset, sources: [{ type: 'manifest', path: source.url(`/${dataset}.jsonl`) }], download: { max_retries: 0 } };
}

const pathOf = (dataset: string, n: number): string => `/${dataset}/${n}.png`;

/** The images whose outcome is on the disk, in finished batches and in those under way. */
function done(id: string, stage: BatchStage): Set<number> {
  const dir = join(world.artifactsDir, 'runs', id, stage);
  const files = filesBelow(dir).filter((file) => /^b\d{5}\.(jsonl|part)$/.test(file));
  return new Set(files.flatMap((file) => jsonLines<{ readonly n: number }>(join(dir, file)).map(({ n }) => n)));
}

interface Kill {
  readonly stage: BatchStage;
  /** Images that were done since the kill before. */
  readonly progress: number;
  /** When the worker was gone: what was done, and how many requests the source had got. */
  readonly done: ReadonlySet<number>;
  readonly asked: number;
}

/** Kills the worker as often as the stage says, each time after it has done so many more images. */
async function killing(id: string, stage: BatchStage): Promise<Kill[]> {
  const kills: Kill[] = [];
  while (kills.length < KILLS[stage]) {
    const before = kills.at(-1)?.done.size ?? 0;
    if (stage === 'download') world.source.release(SHARE);
    await until(
      async () => {
        await refuseEnd(id, stage, kills.length);
        return done(id, stage).size >= before + PROGRESS[stage];
      },
      60_000,
      `more images of ${stage} after ${kills.length} kills`,
    );
    await world.worker().kill();
    const now = done(id, stage);
    kills.push({ stage, progress: now.size - before, done: now, asked: world.source.asked(`/${id}/`).length });
    process.stderr.write(`kill ${kills.length} during ${stage}: ${before} images were done, now ${now.size}\n`);
  }
  return kills;
}

/** A stage that is over cannot be killed any more. */
async function refuseEnd(id: string, stage: BatchStage, kills: number): Promise<void> {
  const { steps } = await showRun(world.cerebros, id);
  if (steps.find(({ step_name }) => step_name === stage)?.status !== 'completed') return;
  throw new Error(`${stage} of ${id} was over after ${kills} kills`);
}

describe('a build whose worker is killed', () => {
  it('ten times while it downloads and validates, each time after new progress, comes to the content of an undisturbed one, and redoes no image that was done', async () => {
    const calm = resultOf(await world.build('calm', drawn('calm')));
    const { source } = world;
    source.hold('/killed/');
    await world.start('killed', drawn('killed'));
    const downloading = await killing('killed', 'download');
    source.release();
    const validating = await killing('killed', 'validate');
    const killed = resultOf(await waitClosed(world.cerebros, 'killed', { timeout_ms: 120_000 }));

    const kills = [...downloading, ...validating];
    expect(world.worker().killed).toBe(10);
    expect(kills).toHaveLength(10);
    expect(kills.every(({ stage, progress }) => progress >= PROGRESS[stage])).toBe(true);
    for (const stage of [downloading, validating])
      for (const [idx, { done: had }] of stage.entries()) expect([...(stage[idx - 1]?.done ?? [])].filter((n) => !had.has(n))).toEqual([]);
    expect(published(world, 'killed', 1).manifest_sha256).toBe(published(world, 'calm', 1).manifest_sha256);
    expect([killed.sha256, killed.images, killed.stages]).toEqual([calm.sha256, IMAGES, calm.stages]);
    for (const { done: had, asked } of downloading) {
      const later = new Set(source.asked('/killed/').slice(asked));
      expect([...had].filter((n) => later.has(pathOf('killed', n)))).toEqual([]);
    }
    expect(source.asked('/killed/').length - IMAGES).toBeLessThanOrEqual(REQUESTS * downloading.length);
    expect(new Set(source.asked('/calm/')).size).toBe(source.asked('/calm/').length);
    expect(await world.ask(['ledger', 'verify'])).toMatchObject({ agrees: true });
  }, 600_000);
});
