import { createHash } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DatasetItem } from '../../../src/contracts/dataset-build.ts';
import { blobOf, type TestBuild, testBuild } from '../support/build.ts';
import { tarBytes } from '../support/tar-bytes.ts';
import { zipBytes } from '../support/zip-bytes.ts';

let build: TestBuild;
beforeEach(async () => {
  build = await testBuild();
  await mkdir(build.root);
});
afterEach(async () => build[Symbol.asyncDispose]());

const content = Buffer.from('an image');
const IMAGE = { name: '7/12.png', content };

async function list(
  path: string,
  bytes: Uint8Array,
  limits = { max_bytes: 1000, max_source_bytes: 1_000_000 },
): Promise<readonly DatasetItem[]> {
  await writeFile(join(build.root, path), bytes);
  return build.list([{ type: 'archive', path }], { limits });
}

/** What the build wrote, but for the list. */
async function written(): Promise<readonly string[]> {
  const entries = await readdir(build.folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile() && !entry.name.startsWith('items.')).map(({ name }) => name);
}

const makers = {
  'a.zip': async (entries: readonly { name: string; content: Uint8Array }[]) => zipBytes(entries),
  'deflated.zip': async (entries: readonly { name: string; content: Uint8Array }[]) =>
    zipBytes(entries.map((entry) => ({ ...entry, deflate: true }))),
  'a.tar': tarBytes,
  'a.tar.gz': async (entries: readonly { name: string; content: Uint8Array }[]) => gzipSync(await tarBytes(entries)),
  'a.tgz': async (entries: readonly { name: string; content: Uint8Array }[]) => gzipSync(await tarBytes(entries)),
};
const types = Object.keys(makers) as readonly (keyof typeof makers)[];

describe.each(types)('%s', (path) => {
  const make = makers[path];

  it('is unpacked into blobs, in its order, and keeps the paths of its files', async () => {
    const items = await list(
      path,
      await make([
        { name: './b/2.png', content: Buffer.from('two') },
        { name: 'b/', content: Buffer.alloc(0) },
        { name: 'a/ä.png', content: Buffer.from('one') },
        { name: 'a/empty.png', content: Buffer.alloc(0) },
        { name: '__MACOSX/a/._1.png', content },
        { name: 'a/.DS_Store', content },
        { name: 'more.zip', content: zipBytes([IMAGE]) },
      ]),
    );
    expect(items.map(({ uri }) => uri)).toEqual([`${path}!/b/2.png`, `${path}!/a/ä.png`, `${path}!/a/empty.png`, `${path}!/more.zip`]);
    expect((await blobOf(build.folder, items[1])).toString()).toBe('one');
    expect(items[0]).toMatchObject({ n: 0, from: { bytes: 3 }, label: null, split: null, sha256: null });
    expect((await blobOf(build.folder, items[3])).equals(zipBytes([IMAGE]))).toBe(true);
  });

  it.each([
    ['leads out', '../evil.png'],
    ['leads out from within', '7/../../evil.png'],
    ['leads out and is hidden', '../.evil.png'],
    ['is absolute', '/etc/evil.png'],
    ['has a drive', 'C:/evil.png'],
    ['has a backslash', '7\\..\\evil.png'],
    ['is too long', `${'x/'.repeat(2048)}evil.png`],
  ])('refuses a name that %s, and goes on', async (_, name) => {
    const items = await list(path, await make([{ name, content: Buffer.from('evil') }, IMAGE]));
    expect(items).toMatchObject([{ from: null, drop: { code: 'FORBIDDEN_PATH' } }, { uri: `${path}!/7/12.png` }]);
    expect(await written()).toHaveLength(1);
    expect(await readdir(join(build.root, '..'))).toEqual(['build', 'root']);
  });

  it('refuses an entry that is too large, and goes on', async () => {
    const items = await list(path, await make([{ name: 'large.png', content: Buffer.alloc(1001) }, IMAGE]));
    expect(items).toMatchObject([
      { from: null, drop: { code: 'ARCHIVE_ENTRY_TOO_LARGE', message: 'expected at most 1000 bytes, got 1001' } },
      {},
    ]);
    expect(await written()).toHaveLength(1);
  });

  it('is refused when more is in it than may be', async () => {
    const entries = Array.from({ length: 20 }, (_, i) => ({ name: `${i}.png`, content: Buffer.alloc(1000) }));
    await expect(list(path, await make(entries), { max_bytes: 1000, max_source_bytes: 40_000 })).resolves.toHaveLength(20);
    const other = { type: 'archive', path } as const;
    const limits = { max_bytes: 1000, max_source_bytes: 19_999 };
    const again = build.list([other], { limits, folder: join(build.folder, 'again') });
    await expect(again).rejects.toMatchObject({ code: path === 'a.zip' || path === 'a.tar' ? 'TOO_LARGE' : 'ARCHIVE_BOMB' });
  });

  it.each([0.3, 0.6, 0.9])('is refused when it is cut off after %f of it', async (share) => {
    const bytes = await make(
      Array.from({ length: 5 }, (_, i) => ({ name: `${i}.png`, content: createHash('sha512').update(String(i)).digest() })),
    );
    const cut = path === 'a.tar' ? 512 * 4 + 30 : Math.floor(bytes.length * share);
    await expect(list(path, bytes.subarray(0, cut))).rejects.toMatchObject({
      name: 'DatasetError',
      code: 'ARCHIVE_DAMAGED',
      retryable: false,
    });
  });

  it('is refused when it is something else', async () => {
    await expect(list(path, Buffer.from('<html>Not found</html>'.repeat(100)))).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED' });
  });

  it('is checked against its hash', async () => {
    const bytes = await make([IMAGE]);
    await writeFile(join(build.root, path), bytes);
    const archive = { type: 'archive', path } as const;
    const wrong = build.list([{ ...archive, sha256: 'ab'.repeat(32) }]);
    await expect(wrong).rejects.toMatchObject({ code: 'HASH_MISMATCH' });
    expect(await build.list([{ ...archive, sha256: createHash('sha256').update(bytes).digest('hex') }])).toHaveLength(1);
  });
});

describe('bombs', () => {
  const zeros = Buffer.alloc(101 * 1024 * 1024);
  const limits = { max_bytes: 200 * 1024 * 1024, max_source_bytes: 1024 * 1024 * 1024 };

  it.each([
    ['zip', 'a.zip', async () => zipBytes([{ name: '0.png', content: zeros, deflate: true }])],
    ['tar.gz', 'a.tar.gz', async () => gzipSync(await tarBytes([{ name: '0.png', content: zeros }]))],
  ])('a %s of zeros is refused, and nothing of it is kept', async (_, path, make) => {
    const bytes = await make();
    expect(bytes.length).toBeLessThan(zeros.length / 900);
    await expect(list(path, bytes, limits)).rejects.toMatchObject({ name: 'DatasetError', code: 'ARCHIVE_BOMB', retryable: false });
    expect(await written()).toEqual([]);
  });

  it('a zip whose entries share their bytes is refused before it is unpacked', async () => {
    const bytes = zipBytes([IMAGE, { ...IMAGE, name: '7/13.png', sameAs: 0 }]);
    await expect(list('a.zip', bytes)).rejects.toMatchObject({ code: 'ARCHIVE_BOMB' });
    expect(await written()).toEqual([]);
  });

  it('an entry that is longer than it says is refused when that shows', async () => {
    const bytes = zipBytes([{ name: '0.png', content: zeros, deflate: true, saidBytes: 10 }]);
    await expect(list('a.zip', bytes)).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED' });
    expect(await written()).toEqual([]);
  });
});

describe('a zip', () => {
  it.each([
    ['a link', { mode: 0o120777 }, 'NOT_A_FILE'],
    ['a device', { mode: 0o020666 }, 'NOT_A_FILE'],
    ['a pipe', { mode: 0o010666 }, 'NOT_A_FILE'],
    ['a name with a NUL', { name: '7/evil.png\0.txt' }, 'FORBIDDEN_PATH'],
    ['what is encrypted', { flags: 1, content: Buffer.alloc(20), saidBytes: 8 }, 'ARCHIVE_ENTRY_UNREADABLE'],
  ])('is listed without %s in it', async (_, entry, code) => {
    const items = await list('a.zip', zipBytes([{ name: 'evil.png', content, ...entry }, IMAGE]));
    expect(items).toMatchObject([{ from: null, drop: { code } }, { uri: 'a.zip!/7/12.png' }]);
    expect(await written()).toHaveLength(1);
  });

  it('without modes, as Windows makes it, is one of files', async () => {
    expect(await list('a.zip', zipBytes([{ ...IMAGE, mode: 0 }]))).toMatchObject([{ from: { bytes: 8 } }]);
  });

  it('with content that has changed since is refused', async () => {
    await expect(list('a.zip', zipBytes([{ ...IMAGE, saidCrc: 1 }]))).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED' });
  });
});

it.each(['link', 'symlink', 'character-device', 'block-device', 'fifo'] as const)('a tar is listed without a %s in it', async (type) => {
  const items = await list('a.tar', await tarBytes([{ name: '7/evil.png', type, linkname: '../../etc/passwd' }, IMAGE]));
  expect(items).toMatchObject([{ uri: 'a.tar!/7/evil.png', from: null, drop: { code: 'NOT_A_FILE' } }, { uri: 'a.tar!/7/12.png' }]);
});

it('an archive of another type is refused', async () => {
  await expect(list('a.rar', Buffer.from('Rar!'))).rejects.toMatchObject({ code: 'ARCHIVE_TYPE' });
});
