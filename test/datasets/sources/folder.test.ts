import { execFileSync } from 'node:child_process';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TestBuild, testBuild } from '../support/build.ts';

let build: TestBuild;
beforeEach(async () => {
  build = await testBuild();
  await write('root/images/cat/1.png', 'root/images/cat/2.png', 'root/images/dog/1.png', 'outside/secret.png');
});
afterEach(async () => build[Symbol.asyncDispose]());

async function write(...paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const file = join(dirname(build.root), path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, path);
  }
}

const images = { type: 'folder', path: 'images' } as const;
const list = () => build.list([images]);

describe('a folder', () => {
  it('is listed with all that is below it', async () => {
    expect(await list()).toEqual(
      ['images/cat/1.png', 'images/cat/2.png', 'images/dog/1.png'].map((uri, n) => ({
        n,
        source: 0,
        uri,
        from: { file: join(build.root, uri) },
        label: null,
        split: null,
        sha256: null,
      })),
    );
  });

  it('is listed in the order of whole paths', async () => {
    await write('root/images/cat.png', 'root/images/cat-2/1.png', 'root/images/Zebra.png');
    const uris = (await list()).map(({ uri }) => uri);
    expect(uris).toEqual(uris.toSorted());
    expect(uris).toContain('images/cat-2/1.png');
  });

  it('is listed without hidden files and folders', async () => {
    await write('root/images/.DS_Store', 'root/images/.git/1.png', 'root/images/cat/.3.png');
    expect(await list()).toHaveLength(3);
  });

  it('gives its images the label and split of the source', async () => {
    const items = await build.list([{ ...images, label: 'animal', split: 'test' }]);
    expect(items.every(({ label, split }) => label === 'animal' && split === 'test')).toBe(true);
  });

  it('may be a root itself, or be named by its whole path', async () => {
    expect(await build.list([{ type: 'folder', path: build.root }])).toHaveLength(3);
  });
});

describe('links in a folder', () => {
  it('count when they lead to files below the roots', async () => {
    await symlink(join(build.root, 'images/dog/1.png'), join(build.root, 'images/cat/linked.png'));
    expect((await list())[2]).toMatchObject({ uri: 'images/cat/linked.png', from: { file: join(build.root, 'images/dog/1.png') } });
  });

  it.each([
    ['to a file outside', 'outside/secret.png', 'FORBIDDEN_PATH'],
    ['to a folder outside', 'outside', 'FORBIDDEN_PATH'],
    ['to a folder inside', 'root/images/dog', 'NOT_A_FILE'],
    ['to the folder they are in', 'root/images', 'NOT_A_FILE'],
    ['to nothing', 'root/nothing', 'FILE_MISSING'],
    ['to themselves', 'root/images/cat/link', 'FORBIDDEN_PATH'],
  ])('are refused when they lead %s', async (_, target, code) => {
    await symlink(join(dirname(build.root), target), join(build.root, 'images/cat/link'));
    const items = await list();
    expect(items).toHaveLength(4);
    expect(items.find(({ uri }) => uri === 'images/cat/link')).toMatchObject({ from: null, drop: { code } });
  });
});

it('a pipe in a folder is refused and not opened', async () => {
  execFileSync('mkfifo', [join(build.root, 'images/pipe')]);
  expect((await list()).find(({ uri }) => uri === 'images/pipe')).toMatchObject({ drop: { code: 'NOT_A_FILE' } });
});

describe('a source is refused', () => {
  it.each([
    ['that is outside the roots', () => build.outside, 'FORBIDDEN_PATH'],
    ['that leads out of the roots by ..', () => '../outside', 'FORBIDDEN_PATH'],
    ['that is a link to outside', () => 'link', 'FORBIDDEN_PATH'],
    ['that is below a link to outside', () => 'link/deep', 'FORBIDDEN_PATH'],
    ['whose path begins like a root', () => `${build.root}-2`, 'FORBIDDEN_PATH'],
    ['whose path has a NUL', () => 'images\0', 'FORBIDDEN_PATH'],
    ['that is not there', () => 'nothing', 'FILE_MISSING'],
    ['that is a file', () => 'images/cat/1.png', 'NOT_A_FOLDER'],
    ['that is empty', () => 'empty', 'NO_ITEMS'],
  ])('%s', async (_, path, code) => {
    await write('outside/deep/1.png', 'root-2/1.png');
    await mkdir(join(build.root, 'empty'));
    await symlink(build.outside, join(build.root, 'link'));
    await expect(build.list([{ type: 'folder', path: path() }])).rejects.toMatchObject({ name: 'DatasetError', code, retryable: false });
    expect(await readdir(build.folder)).toEqual([]);
  });

  it('when the worker has no roots', async () => {
    await expect(build.list([{ type: 'folder', path: build.root }], { roots: [] })).rejects.toMatchObject({ code: 'FORBIDDEN_PATH' });
  });
});
