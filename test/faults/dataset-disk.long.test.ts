import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SagaRun } from '../../src/contracts/ledger.ts';
import { resultOf, startDatasetWorld, type DatasetWorld } from '../support/dataset-world.ts';
import { drawnPng } from '../support/drawn-images.ts';
import { missing } from '../support/optional.ts';

const IMAGES = 400;

/** A disk of 1 MiB, which has room for some 200 small files; undefined where nobody may mount one. */
const disk = smallDisk();
let world: DatasetWorld | undefined;
beforeAll(async () => {
  if (disk !== undefined) world = await startDatasetWorld({ artifactsDir: disk });
});
afterAll(async () => {
  await world?.stop();
  if (disk === undefined) return;
  execFileSync('umount', [disk]);
  rmSync(disk, { recursive: true });
});

function smallDisk(): string | undefined {
  const dir = mkdtempSync('/var/tmp/cerebros-disk-');
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', dir], { stdio: 'pipe' });
    return dir;
  } catch (error) {
    rmSync(dir, { recursive: true });
    missing(
      `a build on a disk that gets full (${String(error).trim().split('\n').at(-1)})`,
      'nothing, but run as root, who may mount a disk',
    );
    return undefined;
  }
}

/** The input of a build of images that the source serves. */
function drawn({ source }: DatasetWorld): object {
  const paths = Array.from({ length: IMAGES }, (_, idx) => `/images/${idx}.png`);
  for (const [idx, path] of paths.entries()) source.serve(path, drawnPng(idx + 1));
  return { dataset: 'drawn', sources: [{ type: 'urls', urls: paths.map((path) => source.url(path)), label: 'drawn' }] };
}

describe('a build whose disk gets full', () => {
  it('halts and says so, keeps what it has, and when recovered on a larger disk asks only for the rest', async () => {
    if (world === undefined || disk === undefined) return;
    const halted = await world.build('full', drawn(world));
    expect(halted).toMatchObject({ status: 'halted', current_step_idx: 0 });
    expect(halted.steps[0]?.error).toMatchObject({ code: 'DISK_FULL', message: expect.stringMatching(/disk .*full/) as string });
    const { asked } = world.source;
    const before = asked().length;
    expect(before).toBeLessThan(IMAGES);
    execFileSync('mount', ['-o', 'remount,size=64m', disk]);
    const run = await world.ask<SagaRun>(['recover', 'full', '--from-step', 'download', '--wait']);
    expect(resultOf(run).images).toBe(IMAGES);
    // Room for 100 at least there was.
    expect(asked().length - before).toBeLessThan(IMAGES - 100);
    expect(await world.ask(['ledger', 'verify', 'full'])).toMatchObject({ agrees: true });
  });
});
