import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DownloadLine } from '../../../src/contracts/dataset-build.ts';
import { buildPaths } from '../../../src/datasets/build-folder/paths.ts';
import { type BatchRun, runBatch } from '../../../src/datasets/build-folder/run-batch.ts';

type Item = { readonly n: number; readonly bytes?: number };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cerebros-batch-'));
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

const items = (count: number, from = 0): readonly Item[] => Array.from({ length: count }, (_, index) => ({ n: from + index }));
const kept = (n: number): DownloadLine => ({ n, sha256: 'a'.repeat(64), bytes: 10 });
const dropped = (n: number, code: string): DownloadLine => ({ n, drop: { code, message: 'why' } });
const run = (changes: Partial<BatchRun<Item, DownloadLine>>) =>
  runBatch<Item, DownloadLine>({
    folder,
    stage: 'download',
    batch: 3,
    items: items(10),
    concurrency: 4,
    work: async ({ n }) => kept(n),
    signal: new AbortController().signal,
    ...changes,
  });
const file = (): string => buildPaths(folder).batch('download', 3);
const part = (): string => buildPaths(folder).part('download', 3);
const linesIn = async (path: string): Promise<readonly DownloadLine[]> =>
  (await readFile(path, 'utf8'))
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as DownloadLine);
const write = async (path: string, text: string): Promise<void> => {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
};
/** A promise that is resolved from outside. */
const gate = () => {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
};
/** Notes which items it was called for. */
const noting =
  (seen: number[]) =>
  async ({ n }: Item) => {
    seen.push(n);
    return kept(n);
  };

describe('a batch', () => {
  it('writes its lines sorted, whatever the order in which they came, and removes the part', async () => {
    const gates = items(10).map(() => gate());
    const running = run({
      concurrency: 10,
      work: async ({ n }) => {
        if (n === 9) gates[8]?.resolve();
        else await gates[n]?.promise;
        if (n > 0) gates[n - 1]?.resolve();
        return kept(n);
      },
    });
    await running;
    expect((await linesIn(file())).map(({ n }) => n)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await readdir(dirname(file()))).toEqual(['b00003.jsonl']);
  });

  it('counts what came out, by code of what did not', async () => {
    const work = async ({ n }: Item) => (n < 3 ? dropped(n, n < 2 ? 'HTTP_404' : 'TOO_LARGE') : kept(n));
    expect(await run({ work })).toEqual({ in: 10, out: 7, dropped: 3, reasons: { HTTP_404: 2, TOO_LARGE: 1 }, bytes: 70 });
  });

  it('counts the bytes of the items when lines have none', async () => {
    const counts = await runBatch({
      folder,
      stage: 'validate',
      batch: 0,
      items: [
        { n: 0, bytes: 5 },
        { n: 1, bytes: 7 },
      ],
      concurrency: 1,
      work: async ({ n }) => (n === 0 ? { n } : { n, drop: { code: 'BLANK', message: '' } }),
      signal: new AbortController().signal,
    });
    expect(counts).toMatchObject({ in: 2, out: 1, bytes: 5 });
  });

  it('is not worked on again when it is done, and counts the same', async () => {
    const first = await run({});
    const seen: number[] = [];
    expect(await run({ work: noting(seen) })).toEqual(first);
    expect(seen).toEqual([]);
  });

  it('may be empty', async () => {
    expect(await run({ items: [] })).toMatchObject({ in: 0, out: 0 });
    expect(await linesIn(file())).toEqual([]);
  });

  it('has at most so many items under way at a time', async () => {
    let [now, most] = [0, 0];
    const work = async ({ n }: Item) => {
      most = Math.max(most, ++now);
      await Promise.resolve();
      now -= 1;
      return kept(n);
    };
    await run({ items: items(50), concurrency: 3, work });
    expect(most).toBe(3);
  });

  it('tells how far it is', async () => {
    const told: string[] = [];
    await run({ items: items(3), concurrency: 1, onProgress: (done, total) => told.push(`${done}/${total}`) });
    expect(told).toEqual(['1/3', '2/3', '3/3']);
  });
});

describe('a batch that another worker has finished meanwhile', () => {
  it('keeps what that one has found, and counts it', async () => {
    const work = async ({ n }: Item) => {
      if (n === 0) await run({ items: items(10), work: async (item) => kept(item.n) });
      return dropped(n, 'HTTP_503');
    };
    expect(await run({ concurrency: 1, work })).toMatchObject({ in: 10, out: 10, dropped: 0 });
    expect(await linesIn(file())).toEqual(items(10).map(({ n }) => kept(n)));
  });
});

describe('a batch that was stopped', () => {
  it('does only the rest when it is run again after an abort in the middle', async () => {
    const stop = new AbortController();
    const first: number[] = [];
    const stopping = async (item: Item) => {
      if (item.n === 5) stop.abort(new Error('stopped'));
      return noting(first)(item);
    };
    await expect(run({ concurrency: 2, work: stopping, signal: stop.signal })).rejects.toThrow('stopped');
    expect(await readdir(dirname(file()))).toEqual(['b00003.part']);
    const second: number[] = [];
    expect(await run({ work: noting(second) })).toMatchObject({ in: 10, out: 10 });
    expect([...first, ...second].toSorted((a, b) => a - b)).toEqual(items(10).map(({ n }) => n));
    expect(second.length).toBeGreaterThan(2);
  });

  it('keeps the lines of items that ended after the abort', async () => {
    const stop = new AbortController();
    const late = gate();
    const work = async ({ n }: Item) => {
      if (n === 0) await late.promise;
      else stop.abort(new Error('stopped'));
      return kept(n);
    };
    const stopped = run({ concurrency: 2, work, signal: stop.signal });
    late.resolve();
    await expect(stopped).rejects.toThrow('stopped');
    expect((await linesIn(part())).map(({ n }) => n).toSorted((a, b) => a - b)).toEqual([0, 1]);
  });

  it('keeps the lines of the others when the work on one throws, and throws that', async () => {
    const work = async ({ n }: Item) => {
      if (n === 1) throw new Error('disk full');
      return kept(n);
    };
    await expect(run({ items: items(4), concurrency: 2, work })).rejects.toThrow('disk full');
    expect((await linesIn(part())).map(({ n }) => n)).toContain(0);
    expect(await readdir(dirname(file()))).toEqual(['b00003.part']);
  });
});

describe('a part that a crash left', () => {
  const whole = [kept(0), kept(1)].map((line) => JSON.stringify(line));
  it.each([
    ['ends in the middle of a line', `${whole.join('\n')}\n{"n":2,"sha`, [0, 1]],
    ['ends before the newline', whole.join('\n'), [0]],
    ['has a line of zeros', `${whole[0]}\n\0\0\0\n${whole[1]}\n`, [0, 1]],
    ['has lines that say nothing', `${whole[0]}\nnull\n7\n{}\n${whole[1]}\n`, [0, 1]],
    ['has lines of items that are not in the batch', `${whole.join('\n')}\n${JSON.stringify(kept(77))}\n`, [0, 1]],
    ['is empty', '', []],
  ])('counts for its whole lines when it %s', async (_, text, done) => {
    await write(part(), text);
    const seen: number[] = [];
    expect(await run({ work: noting(seen), concurrency: 1 })).toMatchObject({ in: 10, out: 10 });
    expect(seen).toEqual(
      items(10)
        .map(({ n }) => n)
        .filter((n) => !done.includes(n)),
    );
    expect(await linesIn(file())).toEqual(items(10).map(({ n }) => kept(n)));
  });

  it('keeps what the next run does although that is stopped too', async () => {
    await write(part(), `${whole.join('\n')}\n{"n":2,"sha`);
    const stop = new AbortController();
    const stopping = async ({ n }: Item) => {
      if (n === 3) stop.abort(new Error('stopped'));
      return kept(n);
    };
    await expect(run({ concurrency: 1, work: stopping, signal: stop.signal })).rejects.toThrow('stopped');
    const seen: number[] = [];
    await run({ concurrency: 1, work: noting(seen) });
    expect(seen).toEqual([4, 5, 6, 7, 8, 9]);
  });

  it('is removed when the batch was done before', async () => {
    await run({});
    await write(part(), '{"n":0');
    await run({});
    expect(await readdir(dirname(file()))).toEqual(['b00003.jsonl']);
  });

  it('is completed when the file of the batch lacks items', async () => {
    await write(file(), `${JSON.stringify(kept(4))}\n`);
    const seen: number[] = [];
    await run({ work: noting(seen), concurrency: 1 });
    expect(seen).toEqual([0, 1, 2, 3, 5, 6, 7, 8, 9]);
  });
});
