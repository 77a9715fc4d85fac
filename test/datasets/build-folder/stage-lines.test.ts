import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { DownloadLine } from '../../../src/contracts/dataset-build.ts';
import { addCounts, countLines, NO_COUNTS } from '../../../src/contracts/stage-counts.ts';
import { writeJsonLines } from '../../../src/datasets/build-folder/json-lines.ts';
import { buildPaths } from '../../../src/datasets/build-folder/paths.ts';
import { runBatch } from '../../../src/datasets/build-folder/run-batch.ts';
import { forgetFailures, isMendable, readStageLines } from '../../../src/datasets/build-folder/stage-lines.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cerebros-stage-'));
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

const kept = (n: number): DownloadLine => ({ n, sha256: 'a'.repeat(64), bytes: 10 });
const dropped = (n: number, code: string): DownloadLine => ({ n, drop: { code, message: 'why' } });
const put = (batch: number, lines: readonly DownloadLine[]) => writeJsonLines(buildPaths(folder).batch('download', batch), lines);
const read = async (): Promise<readonly DownloadLine[]> => {
  const lines: DownloadLine[] = [];
  for await (const line of readStageLines<DownloadLine>(folder, 'download')) lines.push(line);
  return lines;
};

it.each([
  ['HTTP_404', true],
  ['HTTP_503', true],
  ['HTTP_TIMEOUT', true],
  ['HTTP_ERROR', true],
  ['TOO_MANY_REDIRECTS', true],
  ['LENGTH_MISMATCH', true],
  ['HASH_MISMATCH', true],
  ['FILE_MISSING', true],
  ['TOO_LARGE', false],
  ['FORBIDDEN_PATH', false],
  ['FORBIDDEN_ADDRESS', false],
  ['FORBIDDEN_SCHEME', false],
  ['MANIFEST_LINE', false],
  ['NOT_A_FILE', false],
  ['NOT_AN_IMAGE', false],
])('whether another try may mend %s: %s', (code, mendable) => {
  expect(isMendable(code)).toBe(mendable);
});

it('a recovery tries only what another try may mend', async () => {
  await put(0, [kept(0), dropped(1, 'HTTP_503'), dropped(2, 'TOO_LARGE')]);
  await put(1, [kept(3), kept(4)]);
  expect(await forgetFailures(folder, 'download')).toBe(1);
  expect((await readdir(join(folder, 'download'))).toSorted()).toEqual(['b00000.part', 'b00001.jsonl']);

  const tried: number[] = [];
  const work = async ({ n }: { readonly n: number }): Promise<DownloadLine> => {
    tried.push(n);
    return kept(n);
  };
  const rest = { folder, stage: 'download', concurrency: 2, work, signal: new AbortController().signal } as const;
  await runBatch({ ...rest, batch: 0, items: [{ n: 0 }, { n: 1 }, { n: 2 }] });
  await runBatch({ ...rest, batch: 1, items: [{ n: 3 }, { n: 4 }] });
  expect(tried).toEqual([1]);
  expect(await read()).toEqual([kept(0), kept(1), dropped(2, 'TOO_LARGE'), kept(3), kept(4)]);
});

it('a recovery tries again what failed in a batch that was stopped under way', async () => {
  const stopped = new AbortController();
  const batch = { folder, stage: 'download', batch: 0, items: [{ n: 0 }, { n: 1 }, { n: 2 }], concurrency: 1 } as const;
  const lines = [kept(0), dropped(1, 'HTTP_503')];
  const work = async ({ n }: { readonly n: number }): Promise<DownloadLine> => {
    if (n === 1) stopped.abort();
    return lines[n] ?? kept(n);
  };
  await expect(runBatch({ ...batch, work, signal: stopped.signal })).rejects.toThrow('aborted');
  expect(await forgetFailures(folder, 'download')).toBe(1);
  expect(await forgetFailures(folder, 'download')).toBe(0);

  const tried: number[] = [];
  await runBatch({ ...batch, work: async ({ n }) => (tried.push(n), kept(n)), signal: new AbortController().signal });
  expect(tried).toEqual([1, 2]);
  expect(await read()).toEqual([kept(0), kept(1), kept(2)]);
});

it('a recovery without failures changes nothing', async () => {
  await put(0, [kept(0), dropped(1, 'TOO_LARGE')]);
  expect(await forgetFailures(folder, 'download')).toBe(0);
  expect(await read()).toHaveLength(2);
});

it('a stage that has not begun has no failures and no lines', async () => {
  expect(await forgetFailures(folder, 'validate')).toBe(0);
  expect(await read()).toEqual([]);
});

it('the counts of batches add up to those of all their lines', () => {
  const batches = [[kept(0), dropped(1, 'HTTP_404')], [dropped(2, 'HTTP_404'), dropped(3, 'BLANK'), kept(4)], []];
  const sum = batches.map(countLines).reduce(addCounts, NO_COUNTS);
  expect(sum).toEqual({ in: 5, out: 2, dropped: 3, reasons: { BLANK: 1, HTTP_404: 2 }, bytes: 20 });
  expect(sum).toEqual(countLines(batches.flat()));
});
