import { getEventListeners } from 'node:events';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FetchToFile } from '../../../src/datasets/sources/source.ts';
import { type TestBuild, testBuild } from '../support/build.ts';

let build: TestBuild;
beforeEach(async () => {
  build = await testBuild();
  await write('sets/7/12.png', 'image');
  await write('sets/8/1.png', 'image');
});
afterEach(async () => build[Symbol.asyncDispose]());

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(build.root, path)), { recursive: true });
  await writeFile(join(build.root, path), text);
}

const HASH = 'ab'.repeat(32);
const list = (path: string, changes = {}) => build.list([{ type: 'manifest', path, label: 'of the source', split: 'validation' }], changes);

describe('a manifest at a URL', () => {
  it('has a bad line, and no failure, where a path has half a character', async () => {
    const fetchToFile: FetchToFile = async (_, file) => {
      await writeFile(file, '{"path": "a\\ud800.png"}\n{"path": "b c.png"}\n');
      return { bytes: 1, sha256: HASH };
    };
    const items = await build.list([{ type: 'manifest', path: 'https://x.org/list.jsonl' }], { fetchToFile });
    expect(items.map(({ uri, drop }) => drop?.code ?? uri)).toEqual(['FORBIDDEN_PATH', 'https://x.org/b%20c.png']);
  });
});

describe('a manifest', () => {
  it.each([
    [
      'CSV',
      'sets/list.csv',
      `\uFEFFpath,url,"label",split,sha256,licence\r\n7/12.png,,seven,train,${HASH.toUpperCase()},CC0\r\n\r\n,https://x.org/a%20b.png,"a, ""quoted"" label",,,\r\n./8/1.png,,,,,`,
    ],
    [
      'JSONL',
      'sets/list.jsonl',
      [
        { path: '7/12.png', label: 'seven', split: 'train', sha256: HASH, licence: 'CC0' },
        { url: 'https://x.org/a%20b.png', label: 'a, "quoted" label' },
        { path: './8/1.png', label: '', split: null },
      ]
        .map((line, index) => `${index === 0 ? '\uFEFF' : ''}${JSON.stringify(line)}\n\n`)
        .join(''),
    ],
  ])('in %s gives each line as an item; what a line says counts more than the source', async (_, path, text) => {
    await write(path, text);
    expect(await list(path)).toEqual([
      {
        n: 0,
        source: 0,
        uri: 'sets/7/12.png',
        from: { file: join(build.root, 'sets/7/12.png') },
        label: 'seven',
        split: 'train',
        sha256: HASH,
      },
      {
        n: 1,
        source: 0,
        uri: 'https://x.org/a%20b.png',
        from: { url: 'https://x.org/a%20b.png' },
        label: 'a, "quoted" label',
        split: 'validation',
        sha256: null,
      },
      {
        n: 2,
        source: 0,
        uri: 'sets/8/1.png',
        from: { file: join(build.root, 'sets/8/1.png') },
        label: 'of the source',
        split: 'validation',
        sha256: null,
      },
    ]);
  });

  it('takes a whole number as label', async () => {
    await write('list.jsonl', '{"url":"https://x.org/1.png","label":7}\n');
    expect(await list('list.jsonl')).toMatchObject([{ label: '7' }]);
  });

  it('names a file that is not there yet, to be looked for when it is read', async () => {
    await write('sets/list.csv', 'path\n7/13.png\n');
    expect(await list('sets/list.csv')).toMatchObject([{ from: { file: join(build.root, 'sets/7/13.png') } }]);
  });

  it('from a URL has its relative paths below that URL', async () => {
    const fetchToFile: FetchToFile = async (_, file) => {
      await writeFile(file, '{"path":"7/a b#1?.png"}\n{"path":"../up.png"}\n');
      return { bytes: 1, sha256: HASH };
    };
    const items = await build.list([{ type: 'manifest', path: 'https://x.org/sets/list.jsonl?v=2' }], { fetchToFile });
    const url = 'https://x.org/sets/7/a%20b%231%3F.png';
    expect(items).toMatchObject([
      { uri: url, from: { url } },
      { from: null, drop: { code: 'FORBIDDEN_PATH' } },
    ]);
  });
});

describe('a line of a manifest that is refused', () => {
  it('is named among 10,000, with what was expected and what came', async () => {
    const lines = Array.from({ length: 10_000 }, (_, i) => `https://x.org/${i}.png,${i % 10}`);
    lines[6123] = 'https://x.org/6123.png,3,"';
    await write('list.csv', `url,label\n${lines.join('\n')}\n`);
    const items = await list('list.csv');
    expect(items).toHaveLength(10_000);
    expect(items.filter(({ drop }) => drop !== undefined)).toMatchObject([
      {
        n: 6123,
        uri: 'list.csv line 6125',
        from: null,
        drop: {
          code: 'MANIFEST_LINE',
          message: 'list.csv line 6125: expected as many cells as the header has, got "https://x.org/6123.png,3,\\""',
        },
      },
    ]);
  });

  it.each([
    ['no JSON', '{"url":', 'expected a JSON object, got "{\\"url\\":"'],
    ['an array', '["https://x.org/1.png"]', 'expected a JSON object, got'],
    ['null', 'null', 'expected a JSON object, got "null"'],
    ['neither url nor path', '{"label":"a"}', 'expected either url or path, got {"label":"a"}'],
    ['both url and path', '{"url":"https://x.org/1.png","path":"1.png"}', 'expected either url or path, got'],
    [
      'a split that there is not',
      '{"path":"1.png","split":"val"}',
      'split: invalid option: expected one of "train"|"validation"|"test", got "val"',
    ],
    ['a hash that is none', '{"path":"1.png","sha256":"abc"}', 'sha256: expected 64 hex digits, got "abc"'],
    ['a label that is no text', '{"path":"1.png","label":{"a":1}}', 'label: expected a text of 1 to 200 characters, got {"a":1}'],
    ['a label that is too long', `{"path":"1.png","label":"${'x'.repeat(201)}"}`, 'label: expected a text of 1 to 200 characters'],
    ['a URL that is none', '{"url":"x.org/1.png"}', 'expected a URL, got "x.org/1.png"'],
    ['a line without end', `{"url":"${'x'.repeat(70_000)}"}`, 'expected a JSON object, got more than 65536 bytes'],
  ])('says what it is: %s', async (_, line, message) => {
    await write('list.jsonl', `{"url":"https://x.org/0.png"}\n${line}\n{"url":"https://x.org/2.png"}\n`);
    const items = await list('list.jsonl');
    expect(items.map(({ drop }) => drop?.code)).toEqual([undefined, 'MANIFEST_LINE', undefined]);
    expect(items[1]?.drop?.message).toContain(`list.jsonl line 2: ${message}`);
  });

  it.each([
    ['too few cells', 'https://x.org/1.png'],
    ['too many cells', 'https://x.org/1.png,a,b'],
    ['a quote that is not closed', '"https://x.org/1.png,a'],
    ['a quote in the middle', 'https://x.org/1".png,a'],
  ])('may be of CSV: %s', async (_, line) => {
    await write('list.csv', `url,label\nhttps://x.org/0.png,a\n${line}\nhttps://x.org/2.png,a\n`);
    const items = await list('list.csv');
    expect(items.map(({ drop }) => drop?.code)).toEqual([undefined, 'MANIFEST_LINE', undefined]);
    expect(items[1]?.drop?.message).toBe(`list.csv line 3: expected as many cells as the header has, got ${JSON.stringify(line)}`);
  });

  it('does not tell a password', async () => {
    await write('list.jsonl', '{"url":"https://user:hunter2@x.org/0.png"}\n');
    const items = await list('list.jsonl');
    expect(items).toMatchObject([{ from: null, drop: { code: 'MANIFEST_LINE' } }]);
    expect(JSON.stringify(items)).not.toContain('hunter2');
  });

  it.each([
    ['leads out of the folder', '../secret.png'],
    ['leads out and in again', '7/../../root/sets/7/12.png'],
    ['is absolute', '/etc/passwd'],
    ['has a drive', 'C:/secret.png'],
    ['has a backslash', '..\\secret.png'],
    ['has a NUL', '7/12.png\0.txt'],
    ['is too long', 'x/'.repeat(2048) + 'y'],
    ['is a link to outside', 'link.png'],
    ['is below a link to outside', 'linked/secret.png'],
  ])('has a path that %s', async (_, path) => {
    await mkdir(build.outside);
    await writeFile(join(build.outside, 'secret.png'), 'secret');
    await symlink(join(build.outside, 'secret.png'), join(build.root, 'sets/link.png'));
    await symlink(build.outside, join(build.root, 'sets/linked'));
    await write('sets/list.jsonl', `${JSON.stringify({ path })}\n`);
    const [item] = await list('sets/list.jsonl');
    expect(item?.from).toBeNull();
    expect(item?.drop?.code).toMatch(path.length > 4000 ? 'MANIFEST_LINE' : 'FORBIDDEN_PATH');
  });
});

describe('a whole manifest is refused', () => {
  it.each([
    ['without a column url or path', 'list.csv', 'file,label\n1.png,a\n', 'MANIFEST_COLUMNS', 'got "file,label"'],
    ['that is empty', 'list.csv', '', 'MANIFEST_COLUMNS', 'got ""'],
    ['of another type', 'list.json', '[]', 'MANIFEST_TYPE', 'ends in .jsonl or .csv'],
    ['with a header only', 'list.csv', 'url\n', 'NO_ITEMS', 'at least one image'],
  ])('%s', async (_, path, text, code, message) => {
    await write(path, text);
    const { signal } = new AbortController();
    const listing = list(path, { signal });
    await expect(listing).rejects.toMatchObject({ name: 'DatasetError', code });
    await expect(listing).rejects.toThrow(message);
    // Each file that is being read listens.
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('that is larger than allowed', async () => {
    await write('list.csv', 'url\nhttps://x.org/1.png\n');
    const limits = { max_bytes: 10, max_source_bytes: 10 };
    await expect(build.list([{ type: 'manifest', path: 'list.csv' }], { limits })).rejects.toMatchObject({ code: 'TOO_LARGE' });
  });
});
