import { appendFile, mkdir, readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ImageSource } from '../../../src/contracts/dataset-build.ts';
import { readIndex } from '../../../src/datasets/build-folder/items.ts';
import { listItems } from '../../../src/datasets/sources/list-items.ts';
import type { FetchToFile } from '../../../src/datasets/sources/source.ts';
import { itemsIn, type TestBuild, testBuild } from '../support/build.ts';
import { zipBytes } from '../support/zip-bytes.ts';

let build: TestBuild;
beforeEach(async () => {
  build = await testBuild();
  await mkdir(build.root);
});
afterEach(async () => build[Symbol.asyncDispose]());

const archive = (path: string): ImageSource => ({ type: 'archive', path });
const zip = (count: number) => zipBytes(Array.from({ length: count }, (_, i) => ({ name: `${i}.png`, content: Buffer.from(String(i)) })));
/** Serves bytes and notes what was fetched. */
const serving =
  (bytes: Uint8Array, fetched: string[] = []): FetchToFile =>
  async (url, file) => {
    fetched.push(url);
    await writeFile(file, bytes);
    return { bytes: bytes.length, sha256: '' };
  };

describe('a list of URLs', () => {
  it('in a file is read line by line', async () => {
    await writeFile(
      join(build.root, 'list.txt'),
      '\uFEFF# cats\r\nhttps://x.org/cat/1.png\r\n\r\n  https://x.org/cat/2.png  \nnot a URL\nhttps://x.org/cat/3.png',
    );
    expect(await build.list([{ type: 'urls', path: 'list.txt', label: 'cat' }])).toMatchObject([
      { uri: 'https://x.org/cat/1.png', from: { url: 'https://x.org/cat/1.png' }, label: 'cat' },
      { uri: 'https://x.org/cat/2.png' },
      { uri: 'list.txt line 5', from: null, drop: { code: 'MANIFEST_LINE', message: 'list.txt line 5: expected a URL, got "not a URL"' } },
      { uri: 'https://x.org/cat/3.png' },
    ]);
  });

  it('in a file with an endless line is read without keeping that', async () => {
    const file = join(build.root, 'list.txt');
    await writeFile(file, '');
    // Zeros that take no disk.
    await truncate(file, 600 * 1024 * 1024);
    await appendFile(file, '\nhttps://x.org/1.png\n');
    const before = process.memoryUsage().rss;
    const items = await build.list([{ type: 'urls', path: 'list.txt' }]);
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 * 1024);
    expect(items).toMatchObject([{ drop: { code: 'MANIFEST_LINE' } }, { from: { url: 'https://x.org/1.png' } }]);
  });

  it('in the input, and one that is fetched, are sources like others', async () => {
    const sources: ImageSource[] = [
      { type: 'urls', urls: ['https://x.org/1.png'] },
      { type: 'urls', path: 'https://x.org/list' },
    ];
    const items = await build.list(sources, { fetchToFile: serving(Buffer.from('https://x.org/2.png\n')) });
    expect(items.map(({ source, uri }) => [source, uri])).toEqual([
      [0, 'https://x.org/1.png'],
      [1, 'https://x.org/2.png'],
    ]);
  });
});

describe('listing', () => {
  it('goes through the sources in their order and says how much there is', async () => {
    await writeFile(join(build.root, 'a.zip'), zip(60));
    const sources: ImageSource[] = [archive('a.zip'), { type: 'urls', urls: ['https://x.org/1.png'] }, archive('a.zip')];
    const told: number[] = [];
    await build.list(sources, { onProgress: (items) => told.push(items) });
    expect(told.at(-1)).toBe(121);
    const items = await itemsIn(build.folder);
    expect(items.map(({ n }) => n)).toEqual(items.map((_, index) => index));
    expect(items.map(({ source }) => source)).toEqual([...Array(60).fill(0), 1, ...Array(60).fill(2)]);
    expect(await readIndex(build.folder)).toMatchObject({ items: 121, batches: 3, batch_size: 50 });
  });

  it('twice gives the same', async () => {
    await writeFile(join(build.root, 'a.zip'), zip(60));
    const first = await build.list([archive('a.zip')]);
    expect(await build.list([archive('a.zip')], { folder: join(build.folder, 'other') })).toEqual(first);
  });

  it('is not done again', async () => {
    await writeFile(join(build.root, 'a.zip'), zip(60));
    const first = await build.list([archive('a.zip')]);
    await writeFile(join(build.root, 'a.zip'), zip(3));
    expect(await build.list([archive('a.zip')])).toEqual(first);
  });
});

describe('a listing', () => {
  it('that was stopped leaves no list, and begins anew with what was fetched', async () => {
    const fetched: string[] = [];
    const request = {
      sources: [archive('https://x.org/a.zip')],
      roots: [build.root],
      folder: build.folder,
      fetchToFile: serving(zip(60), fetched),
      limits: { max_bytes: 1000, max_source_bytes: 1_000_000 },
    };
    const stop = new AbortController();
    const onProgress = (items: number): void => {
      if (items === 20) stop.abort(new Error('stopped'));
    };
    await expect(listItems({ ...request, signal: stop.signal, onProgress })).rejects.toThrow('stopped');
    expect((await readdir(build.folder)).toSorted()).toEqual(['blobs', 'fetched']);
    const again = await listItems({ ...request, signal: new AbortController().signal, onProgress: () => undefined });
    expect(again).toEqual({ items: 60, batches: 2 });
    expect(fetched).toEqual(['https://x.org/a.zip']);
  });

  it('that was stopped while an archive was looked through ends at once', async () => {
    await writeFile(join(build.root, 'a.zip'), zip(60));
    const stop = new AbortController();
    let calls = 0;
    const onProgress = (): void => {
      if (++calls === 5) stop.abort(new Error('stopped'));
    };
    await expect(build.list([archive('a.zip')], { signal: stop.signal, onProgress })).rejects.toThrow('stopped');
    expect(calls).toBe(5);
    expect(await readdir(build.folder)).toEqual([]);
  });

  it('hands on what its fetch threw', async () => {
    const fetchToFile: FetchToFile = async () => {
      throw new Error('connection lost');
    };
    await expect(build.list([archive('https://x.org/a.zip')], { fetchToFile })).rejects.toThrow('connection lost');
  });

  it('tells its fetch what may come, and refuses a kept file of another hash', async () => {
    const asked: unknown[] = [];
    const sha256 = 'ab'.repeat(32);
    const fetchToFile: FetchToFile = async (url, file, { maxBytes, sha256: expected }) => {
      asked.push([maxBytes, expected]);
      return serving(zip(1))(url, file, { maxBytes, sha256: expected, signal: new AbortController().signal, onProgress: () => undefined });
    };
    const limits = { max_bytes: 10, max_source_bytes: 5000 };
    const listing = build.list([{ type: 'archive', path: 'https://x.org/a.zip', sha256 }], { fetchToFile, limits });
    await expect(listing).rejects.toMatchObject({ code: 'HASH_MISMATCH' });
    expect(asked).toEqual([[5000, sha256]]);
    expect(await readdir(join(build.folder, 'fetched'))).toEqual([]);
  });
});

describe('a long list', () => {
  it('of 100,000 images needs little memory', async () => {
    const line = (i: number): string =>
      `{"url":"https://images.example.org/some/longer/path/${i % 100}/${i}.png","label":"class ${i % 100}"}\n`;
    await writeFile(join(build.root, 'list.jsonl'), Array.from({ length: 100_000 }, (_, i) => line(i)).join(''));
    const before = process.memoryUsage().rss;
    let most = 0;
    const onProgress = (items: number): void => {
      if (items % 1000 === 0) most = Math.max(most, process.memoryUsage().rss);
    };
    const { signal } = new AbortController();
    const limits = { max_bytes: 1000, max_source_bytes: 100_000_000 };
    const request = { sources: [{ type: 'manifest', path: 'list.jsonl' }], roots: [build.root], folder: build.folder } as const;
    const started = performance.now();
    expect(await listItems({ ...request, fetchToFile: serving(zip(1)), limits, signal, onProgress })).toEqual({
      items: 100_000,
      batches: 100,
    });
    expect(most - before).toBeLessThan(256 * 1024 * 1024);
    expect(performance.now() - started).toBeLessThan(60_000);
  });
});
