import { chmodSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { UserError } from '../../src/contracts/user-error.ts';
import { findTemporalBinary } from '../../src/stack/temporal-binary.ts';
import type { BinaryFetcher } from '../../src/stack/temporal-sources.ts';
import { goInstall, sdkDownload } from '../../src/stack/temporal-sources.ts';
import type { OwnDir } from './own-dir.ts';
import { ownDir } from './own-dir.ts';

const WORKS = '#!/bin/sh\necho "temporal version 1.2.3"\n';
let own: OwnDir;
let lines: string[] = [];

beforeEach(() => {
  own = ownDir();
  lines = [];
  mkdirSync(join(own.dir, 'bin'));
  mkdirSync(join(own.dir, 'cache'));
});

afterEach(() => own.remove());

function put(file: string, content: string): string {
  const path = join(own.dir, file);
  writeFileSync(path, content);
  chmodSync(path, 0o755);
  return path;
}

function find(...fetchers: BinaryFetcher[]): Promise<string> {
  const env = { PATH: join(own.dir, 'bin') };
  return findTemporalBinary({ env, cacheDir: join(own.dir, 'cache'), log: (line) => lines.push(line), fetchers });
}

const fetching: BinaryFetcher = {
  name: 'a download',
  async fetch(target) {
    put('cache/draft', WORKS);
    renameSync(join(own.dir, 'cache/draft'), target);
    return null;
  },
};
const failing: BinaryFetcher = { name: 'a download', fetch: async () => 'no network' };

test('the executable on PATH goes before the cached one', async () => {
  const onPath = put('bin/temporal', WORKS);
  put('cache/temporal', WORKS);
  expect(await find(failing)).toBe(onPath);
});

test('the cached one is used when PATH has none', async () => {
  expect(put('cache/temporal', WORKS)).toBe(await find(failing));
});

test('a broken one on PATH is reported and passed over', async () => {
  put('bin/temporal', '#!/bin/sh\nexit 9\n');
  expect(await find(fetching)).toBe(join(own.dir, 'cache/temporal'));
  expect(lines).toEqual([expect.stringContaining('bin/temporal does not run (exit code 9)')]);
});

test.each([
  ['an executable that fails', '#!/bin/sh\nexit 1\n'],
  ['half a download', 'ELF'],
  ['another program', '#!/bin/sh\necho hello\n'],
])('a cached file that is %s is removed with a message and fetched again', async (_what, content) => {
  put('cache/temporal', content);
  expect(await find(fetching)).toBe(join(own.dir, 'cache/temporal'));
  expect(lines).toEqual([expect.stringMatching(/cache\/temporal did not run .* and was removed/)]);
});

test('a fetcher that fails is followed by the next', async () => {
  expect(await find(failing, fetching)).toBe(join(own.dir, 'cache/temporal'));
});

test('without any way to get one there is one error, which says what was tried and lists what can be done', async () => {
  const error: unknown = await find(failing, goInstall).catch((thrown: unknown) => thrown);
  if (!(error instanceof UserError)) throw new Error('expected a UserError', { cause: error });
  expect(error).toMatchObject({ code: 'NO_TEMPORAL', exitCode: 3 });
  const { message, hint } = error;
  for (const tried of ['PATH: no executable', 'cache: ', 'a download: no network', 'go install: go is not on PATH'])
    expect(message).toContain(tried);
  for (const option of ['TEMPORAL_ADDRESS', 'on PATH', 'cache/temporal', 'network', 'install Go']) expect(hint).toContain(option);
});

test.each([
  ['a go that fails', goInstall, '#!/bin/sh\necho "no module" >&2\nexit 1\n', 'exit code 1: no module'],
  ['a go that installs nothing', goInstall, '#!/bin/sh\nexit 0\n', 'it ended well but left no executable'],
  ['a go that installs what does not run', goInstall, '#!/bin/sh\necho junk > "$GOBIN/temporal"\n', ''],
])('%s leaves no file in the cache that is taken for good', async (_what, fetcher, script, problem) => {
  put('bin/go', script);
  await expect(find(fetcher)).rejects.toMatchObject({ code: 'NO_TEMPORAL', message: expect.stringContaining(problem) });
  put('bin/go', '#!/bin/sh\nprintf \'#!/bin/sh\\necho temporal version 1\' > "$GOBIN/temporal"\n');
  expect(await find(fetcher)).toBe(join(own.dir, 'cache/temporal'));
});

test('an interrupted search says so instead of trying on', async () => {
  const signal = AbortSignal.abort();
  const search = { env: { PATH: '' }, cacheDir: join(own.dir, 'cache'), log: () => undefined, signal };
  await expect(findTemporalBinary({ ...search, fetchers: [sdkDownload] })).rejects.toMatchObject({ code: 'INTERRUPTED' });
  expect(existsSync(join(own.dir, 'cache/temporal'))).toBe(false);
});
