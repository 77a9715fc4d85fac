import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { skipStep } from '../../src/client/control.ts';
import type { ReentryResult } from '../../src/client/reenter.ts';
import { waitClosed } from '../../src/client/wait.ts';
import type { SagaRun, SagaRunRow } from '../../src/contracts/ledger.ts';
import type { ProgressObject } from '../../src/contracts/progress.ts';
import { filesBelow, resultOf, startDatasetWorld, type DatasetWorld } from '../support/dataset-world.ts';
import { drawnPng } from '../support/drawn-images.ts';
import { until } from '../support/until.ts';

// Builds that come to a halt, with what they have kept, and go on or are taken back.

/** Images that no other build of this file begins with. */
const BLOCKED = Array.from({ length: 40 }, (_, idx) => 2001 + idx);

let world: DatasetWorld;
beforeAll(async () => {
  world = await startDatasetWorld();
  // These are tried again for some seconds before they halt.
  world.source.down('/map.json');
  mkdirSync(join(world.artifactsDir, 'datasets'), { recursive: true });
  for (const name of ['blocked', 'delayed']) writeFileSync(join(world.artifactsDir, 'datasets', name), 'in the way');
  await Promise.all([
    world.start('mapped', urls('mapped', { label: { map_path: world.source.url('/map.json') } })),
    world.start('blocked', urls('blocked', { images: BLOCKED.length, first: BLOCKED[0] })),
    world.start('delayed', urls('delayed', { images: 30, first: 3001 })),
  ]);
});
afterAll(() => world.stop());

interface UrlsOptions {
  /** Default 100: two batches. */
  readonly images?: number;
  /** Seed of the first of them. Default 1. */
  readonly first?: number | undefined;
  readonly label?: object;
}

const pathOf = (dataset: string, idx: number): string => `/${dataset}/${idx < 50 ? 'good' : 'bad'}/${idx}.png`;

/** The input of a build of images at URLs. */
function urls(dataset: string, { images = 100, first = 1, label }: UrlsOptions = {}): object {
  const { source } = world;
  const paths = Array.from({ length: images }, (_, idx) => pathOf(dataset, idx));
  for (const [idx, path] of paths.entries()) source.serve(path, drawnPng(first + idx));
  return {
    dataset,
    sources: [{ type: 'urls', urls: paths.map((path) => source.url(path)), label: 'drawn' }],
    download: { max_retries: 0 },
    ...(label ? { label } : {}),
  };
}

const runFolder = (id: string): string => join(world.artifactsDir, 'runs', id);
const namesOf = (refs: ReentryResult['preview']['run']): string[] => refs.map(({ step_name }) => step_name);
const STEPS = ['download', 'validate', 'deduplicate', 'label', 'store'];

/** What was asked for more than once. */
function twice(prefix: string): string[] {
  const asked = world.source.asked(prefix);
  return asked.filter((path, idx) => asked.indexOf(path) !== idx);
}

/** Nobody is answered; what has been started before is to halt of its own reason. */
async function away(): Promise<void> {
  await waitClosed(world.cerebros, 'mapped');
  await world.source.close();
}

describe('a build whose source goes down', () => {
  it.each([
    {
      how: 'answers 503',
      id: 'busy',
      code: /HTTP_503/,
      down: async () => world.source.down('/busy/bad/', '/map.json'),
      up: async () => world.source.down('/map.json'),
    },
    { how: 'refuses connections', id: 'away', code: /HTTP_ERROR/, down: away, up: () => world.source.open() },
  ])('and $how fails with all that it has kept, and when recovered asks only for the rest', async ({ id, code, down, up }) => {
    world.source.hold(`/${id}/bad/`);
    await world.start(id, urls(id));
    await until(() => filesBelow(runFolder(id)).includes('download/b00000.jsonl'), 30_000, 'the first batch');
    await down();
    world.source.release();
    const run = await waitClosed(world.cerebros, id);
    expect(run).toMatchObject({ status: 'halted', recovery_attempts: 0 });
    expect(run.steps[0]?.error?.message).toMatch(/expected at most 0\.1 of 100 images to be dropped \(download\.max_failed_fraction\)/);
    expect(run.steps[0]?.error?.message).toMatch(code);
    expect(await world.ask<ProgressObject>(['progress', id])).toMatchObject({
      status: 'failed',
      failed_tasks: 1,
      current_step: 'download',
    });
    expect((await world.ask<SagaRunRow[]>(['list', '--recoverable'])).map((row) => row.id)).toContain(id);
    const { preview, run_id } = await world.ask<ReentryResult>(['recover', id, '--from-step', 'download', '--dry-run']);
    expect([namesOf(preview.reused), namesOf(preview.run), run_id]).toEqual([[], STEPS, null]);
    await up();
    const recovered = await world.ask<SagaRun>(['recover', id, '--from-step', 'download', '--wait']);
    expect(resultOf(recovered).images).toBe(100);
    expect(recovered.recovery_attempts).toBe(1);
    expect(twice(`/${id}/good/`)).toEqual([]);
    expect(resultOf(recovered).stages['download']).toMatchObject({ in: 100, out: 100, dropped: 0 });
  });
});

describe('a build whose manifest is refused', () => {
  it('takes it anew when it is recovered after the manifest was corrected', async () => {
    const { source } = world;
    source.serve('/corrected/1.png', drawnPng(1));
    source.serve('/corrected/all.csv', 'image,label\n1.png,drawn\n');
    const input = { dataset: 'corrected', sources: [{ type: 'manifest', path: source.url('/corrected/all.csv') }] };
    const halted = await world.build('corrected', input);
    expect(halted.steps[0]?.error).toMatchObject({ code: 'MANIFEST_COLUMNS' });
    source.serve('/corrected/all.csv', 'path,label\n1.png,drawn\n');
    const run = await world.ask<SagaRun>(['recover', 'corrected', '--from-step', 'download', '--wait']);
    expect(resultOf(run)).toMatchObject({ images: 1, classes: ['drawn'] });
  });
});

describe('a build whose label map cannot be had', () => {
  it('halts at its label step, and when recovered runs nothing before it again', async () => {
    const halted = await waitClosed(world.cerebros, 'mapped');
    expect([halted.status, halted.steps.map(({ status }) => status)]).toEqual([
      'halted',
      ['completed', 'completed', 'completed', 'failed', 'pending'],
    ]);
    expect(halted.steps[3]?.error?.message).toMatch(/503/);
    const done = (): [string, number][] =>
      filesBelow(runFolder('mapped'))
        .filter((file) => /^(download|validate)\/|^deduplicate/.test(file))
        .map((file) => [file, statSync(join(runFolder('mapped'), file)).mtimeMs]);
    const before = done();
    expect(before).toHaveLength(5);
    world.source.serve('/map.json', JSON.stringify({ drawn: 'by chance' }));
    world.source.down();
    const { preview } = await world.ask<ReentryResult>(['recover', 'mapped', '--from-step', 'label', '--dry-run']);
    expect([namesOf(preview.reused), namesOf(preview.run)]).toEqual([STEPS.slice(0, 3), STEPS.slice(3)]);
    const run = await world.ask<SagaRun>(['recover', 'mapped', '--from-step', 'label', '--wait']);
    expect(resultOf(run)).toMatchObject({ images: 100, classes: ['by chance'] });
    expect(done()).toEqual(before);
    expect(twice('/mapped/')).toEqual([]);
  });

  it('takes the map anew when it is recovered after the map was corrected', async () => {
    world.source.serve('/typo.json', '{"drawn"; "by chance"}');
    const input = urls('typo', { images: 20, label: { map_path: world.source.url('/typo.json') } });
    expect(await world.build('typo', input)).toMatchObject({ status: 'halted', current_step_idx: 3 });
    world.source.serve('/typo.json', '{"drawn": "by chance"}');
    const run = await world.ask<SagaRun>(['recover', 'typo', '--from-step', 'label', '--wait']);
    expect(resultOf(run)).toMatchObject({ images: 20, classes: ['by chance'] });
  });

  it('is refused with exit 5 when it has been recovered as often as it may be, and can be rolled back', async () => {
    await Promise.all(['mapped', 'blocked', 'delayed'].map((id) => waitClosed(world.cerebros, id)));
    world.source.serve('/weak.json', 'no map');
    const before = filesBelow(world.artifactsDir);
    const input = urls('weak', { images: 20, label: { map_path: world.source.url('/weak.json') } });
    expect(await world.build('weak', input, { max_recovery_attempts: 1 })).toMatchObject({ status: 'halted' });
    const recover = ['recover', 'weak', '--from-step', 'label'];
    expect(await world.ask<SagaRun>([...recover, '--wait'], { code: 1 })).toMatchObject({ status: 'halted', recovery_attempts: 1 });
    const { code, stderr } = await world.cli(recover);
    expect([code, stderr]).toEqual([5, expect.stringContaining('recovered 1 times, at most 1 are allowed')]);
    expect(await world.ask<SagaRun>(['rollback', 'weak'])).toMatchObject({ status: 'rolled_back' });
    expect(filesBelow(world.artifactsDir)).toEqual(before);
  });
});

describe('a build that fails while it publishes', () => {
  it('has all its images when it is recovered from that step', async () => {
    expect(await waitClosed(world.cerebros, 'delayed')).toMatchObject({ status: 'halted', steps: [{}, {}, {}, {}, { status: 'failed' }] });
    rmSync(join(world.artifactsDir, 'datasets', 'delayed'));
    const run = await world.ask<SagaRun>(['recover', 'delayed', '--from-step', 'store', '--wait']);
    expect(resultOf(run)).toMatchObject({ images: 30, dataset_id: 'delayed@1' });
  });

  it('gives its images back when rolled back, but for those that another version has got meanwhile', async () => {
    const { artifactsDir, cerebros } = world;
    const hashOf = (seed: number): string => createHash('sha256').update(drawnPng(seed)).digest('hex');
    const stored = (): number[] => BLOCKED.filter((seed) => existsSync(join(artifactsDir, 'sha256', hashOf(seed).replace(/^../, '$&/'))));
    expect(await waitClosed(cerebros, 'blocked')).toMatchObject({ status: 'halted', steps: [{}, {}, {}, {}, { status: 'failed' }] });
    expect(stored()).toEqual(BLOCKED);
    expect(resultOf(await world.build('sharing', urls('sharing', { images: 15, first: BLOCKED[0] }))).images).toBe(15);
    rmSync(join(artifactsDir, 'datasets', 'blocked'));
    expect(await world.ask<SagaRun>(['rollback', 'blocked'])).toMatchObject({ status: 'rolled_back' });
    expect(stored()).toEqual(BLOCKED.slice(0, 15));
    expect(existsSync(runFolder('blocked'))).toBe(false);
  });
});

describe('a build whose step is skipped', () => {
  it('halts at the next one, which says what it misses, and can go on from there', async () => {
    world.source.hold('/skipping/');
    await world.start('skipping', urls('skipping', { images: 20 }));
    await skipStep(world.cerebros, 'skipping', 'deduplicate', { in: 20, out: 20, dropped: 0, reasons: {}, bytes: 0 });
    world.source.release();
    const halted = await waitClosed(world.cerebros, 'skipping');
    expect(halted.steps.map(({ status }) => status)).toEqual(['completed', 'completed', 'skipped', 'failed', 'pending']);
    expect(halted.steps[3]).toMatchObject({ attempts: 1, error: { message: expect.stringMatching(/deduplicate\.jsonl/) as string } });
    const run = await world.ask<SagaRun>(['recover', 'skipping', '--from-step', 'deduplicate', '--wait']);
    expect(resultOf(run).images).toBe(20);
  });
});
