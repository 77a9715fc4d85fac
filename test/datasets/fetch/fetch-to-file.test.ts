import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import type { LookupFunction } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DatasetError } from '../../../src/datasets/errors.ts';
import type { Fetcher } from '../../../src/datasets/fetch/fetcher.ts';
import type { FaultyReply } from './faulty-server.ts';
import { stubLookup, untilDone, useFetchRig } from './fetch-rig.ts';

const rig = useFetchRig();
const CONTENT = randomBytes(300_000);
const SHA256 = createHash('sha256').update(CONTENT).digest('hex');
const GOOD: FaultyReply = { body: CONTENT, etag: '"v1"' };
const CUT: FaultyReply = { ...GOOD, fault: { cutAfter: 100_000 } };
const OTHER: FaultyReply = { body: randomBytes(300_000), etag: '"v2"' };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cerebros-fetch-'));
});
afterEach(() => rm(folder, { recursive: true }));

interface Changes {
  readonly sha256?: string | null;
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { readonly bytes: number; readonly total: number | null }) => void;
}

function fetchIt(fetcher: Fetcher, changes: Changes = {}): Promise<unknown> {
  const options = { sha256: null, maxBytes: 1_000_000, signal: untilDone, ...changes };
  return fetcher.fetchToFile(rig.server.url('/a.zip'), join(folder, 'a.zip'), options);
}

const bytesSent = (): number[] => rig.server.seen('/a.zip').map(({ bytes }) => bytes);
/** From where on each request asked. */
const starts = (): number[] => rig.server.seen('/a.zip').map(({ headers }) => Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0));
const left = (): Promise<string[]> => readdir(folder);

test('a note that a power cut left empty is as none', async () => {
  rig.server.on('/a.zip', GOOD);
  await writeFile(join(folder, 'a.zip.resume.json'), '');
  expect(await fetchIt(rig.fetcher())).toEqual({ bytes: 300_000, sha256: SHA256 });
});

test('a file appears whole, with its size and hash, and nothing beside it', async () => {
  rig.server.on('/a.zip', GOOD);
  const seen: unknown[] = [];

  const got = await fetchIt(rig.fetcher(), { sha256: SHA256, onProgress: (progress) => seen.push(progress) });

  expect(got).toEqual({ bytes: 300_000, sha256: SHA256 });
  expect(CONTENT.equals(await readFile(join(folder, 'a.zip')))).toBe(true);
  expect(await left()).toEqual(['a.zip']);
  expect(seen.at(-1)).toEqual({ bytes: 300_000, total: 300_000 });
});

test('a file of no declared length is had', async () => {
  rig.server.on('/a.zip', { body: CONTENT, headers: { 'transfer-encoding': 'chunked' } });

  expect(await fetchIt(rig.fetcher())).toEqual({ bytes: 300_000, sha256: SHA256 });
  expect(await left()).toEqual(['a.zip']);
});

test('an empty file is had', async () => {
  rig.server.on('/a.zip', { body: '' });

  expect(await fetchIt(rig.fetcher())).toMatchObject({ bytes: 0 });
});

describe('going on', () => {
  test('after a cut only what is missing is sent', async () => {
    rig.server.on('/a.zip', CUT, CUT, GOOD);

    const got = await fetchIt(rig.fetcher(), { sha256: SHA256 });

    expect(got).toEqual({ bytes: 300_000, sha256: SHA256 });
    // What came last before a cut may be lost to the client: that much is sent again.
    const [first = -1, second = -1, third = -1] = starts();
    expect([first === 0, second > 0, second <= 100_000, third > second]).toEqual([true, true, true, true]);
    expect(bytesSent()).toEqual([100_000, 100_000, 300_000 - third]);
    expect(rig.server.seen('/a.zip')[1]?.headers).toMatchObject({ 'if-range': '"v1"' });
    expect(await left()).toEqual(['a.zip']);
  });

  test('a later call goes on with what an earlier one left', async () => {
    rig.server.on('/a.zip', CUT, GOOD);
    const failed = fetchIt(rig.fetcher({ rules: { max_retries: 0 } }));
    await expect(failed).rejects.toMatchObject({ code: 'LENGTH_MISMATCH', retryable: true });
    expect(await left()).not.toContain('a.zip');

    expect(await fetchIt(rig.fetcher())).toEqual({ bytes: 300_000, sha256: SHA256 });

    const [, start = 0] = starts();
    expect(start).toBeGreaterThan(0);
    expect(bytesSent()).toEqual([100_000, 300_000 - start]);
    expect(await left()).toEqual(['a.zip']);
  });

  test('a part that was complete already is fetched anew', async () => {
    rig.server.on('/a.zip', CUT, { status: 416 }, GOOD);

    expect(await fetchIt(rig.fetcher())).toEqual({ bytes: 300_000, sha256: SHA256 });

    expect(bytesSent()).toEqual([100_000, 0, 300_000]);
    expect(await left()).toEqual(['a.zip']);
  });

  test('content that has changed meanwhile is fetched from the beginning', async () => {
    rig.server.on('/a.zip', CUT, OTHER);

    await fetchIt(rig.fetcher());

    expect((await readFile(join(folder, 'a.zip'))).equals(Buffer.from(OTHER.body ?? ''))).toBe(true);
    expect(bytesSent()).toEqual([100_000, 300_000]);
    expect(await left()).toEqual(['a.zip']);
  });

  test.for([
    ['no validator', { body: CONTENT }],
    ['a weak validator', { body: CONTENT, headers: { etag: 'W/"v1"', 'accept-ranges': 'bytes' } }],
    ['no ranges', { body: CONTENT, headers: { etag: '"v1"' } }],
  ] as const)('of a server with %s all is sent again', async ([, reply]) => {
    rig.server.on('/a.zip', { ...reply, fault: { cutAfter: 100_000 } }, reply);

    expect(await fetchIt(rig.fetcher())).toEqual({ bytes: 300_000, sha256: SHA256 });

    expect(bytesSent()).toEqual([100_000, 300_000]);
    expect(rig.server.seen('/a.zip')[1]?.headers.range).toBeUndefined();
    expect(await left()).toEqual(['a.zip']);
  });

  test.for([
    ['another place', 'bytes 5-299999/300000'],
    ['no place', 'none'],
  ] as const)('a range of %s than asked for is not taken', async ([, range]) => {
    const wrong = { ...GOOD, status: 206, headers: { 'content-range': range } };
    rig.server.on('/a.zip', CUT, wrong, GOOD);

    expect(await fetchIt(rig.fetcher())).toEqual({ bytes: 300_000, sha256: SHA256 });
    expect(rig.server.seen('/a.zip')).toHaveLength(3);
  });

  test('a range of other bytes is found by the hash, and all is fetched anew', async () => {
    rig.server.on('/a.zip', CUT, { ...OTHER, etag: '"v1"' }, GOOD);

    expect(await fetchIt(rig.fetcher(), { sha256: SHA256 })).toEqual({ bytes: 300_000, sha256: SHA256 });

    const [, start = 0] = starts();
    expect(start).toBeGreaterThan(0);
    expect(bytesSent()).toEqual([100_000, 300_000 - start, 300_000]);
  });
});

const FAILURES: readonly (readonly [what: string, reply: FaultyReply, code: string, retryable: boolean, requests: number])[] = [
  ['404', { status: 404 }, 'HTTP_404', false, 1],
  ['503', { status: 503 }, 'HTTP_503', true, 3],
  ['a reset', { fault: 'reset' }, 'HTTP_ERROR', true, 3],
  ['a body shorter than declared', { body: CONTENT, fault: 'short' }, 'LENGTH_MISMATCH', true, 3],
  ['a body longer than declared', { body: 'not so long', fault: 'long' }, 'LENGTH_MISMATCH', true, 3],
  ['a declared length over the limit, before the body comes', { body: Buffer.alloc(1_000_001), fault: 'slow' }, 'TOO_LARGE', false, 1],
  ['a body without end', { fault: 'endless' }, 'TOO_LARGE', false, 1],
  ['a compressed body', { body: CONTENT, headers: { 'content-encoding': 'gzip' } }, 'HTTP_ERROR', false, 1],
  ['another hash', OTHER, 'HASH_MISMATCH', false, 2],
  ['another hash from a server without ranges', { body: 'other' }, 'HASH_MISMATCH', false, 2],
  ['a redirect to a private address', { status: 302, headers: { location: 'https://10.0.0.1/' } }, 'FORBIDDEN_ADDRESS', false, 1],
  ['a server that never answers', { fault: 'hang' }, 'HTTP_TIMEOUT', true, 3],
  ['a body that trickles', { body: CONTENT, fault: 'slow' }, 'HTTP_TIMEOUT', true, 3],
];

test.for(FAILURES)('%s is an error, and leaves nothing', async ([, reply, code, retryable, requests]) => {
  rig.server.on('/a.zip', reply);

  const error = await fetchIt(rig.fetcher({ rules: { max_retries: 2, timeout_s: 0.2 } }), { sha256: SHA256 }).catch(
    (thrown: unknown) => thrown,
  );

  expect(error).toBeInstanceOf(DatasetError);
  expect(error).toMatchObject({ code, retryable, message: expect.stringMatching(/^expected /) });
  expect(rig.server.seen('/a.zip')).toHaveLength(requests);
  // Of what can be gone on with, a part is left on purpose; these servers offer none, or the content was refused.
  expect(await left()).toEqual([]);
});

test('a file that is slow, but not too slow, may take longer than the timeout', async () => {
  // 20 pieces, one every 50 ms: more than twice the timeout, with 64 KiB each 220 ms.
  rig.server.on('/a.zip', { ...GOOD, fault: { pieces: 20, everyMs: 50 } });

  const got = await fetchIt(rig.fetcher({ rules: { timeout_s: 0.45, max_retries: 0 } }));

  expect(got).toEqual({ bytes: 300_000, sha256: SHA256 });
});

test('a signal ends a download, and what came is kept for the next', async () => {
  rig.server.on('/a.zip', { ...GOOD, fault: 'slow' }, GOOD);
  const controller = new AbortController();
  const onProgress = (): void => controller.abort(new Error('cancelled'));

  await expect(fetchIt(rig.fetcher(), { signal: controller.signal, onProgress })).rejects.toThrow('cancelled');
  expect(await left()).not.toContain('a.zip');

  expect(await fetchIt(rig.fetcher(), { sha256: SHA256 })).toMatchObject({ sha256: SHA256 });
  expect(rig.server.seen('/a.zip')[1]?.headers.range).toMatch(/^bytes=[1-9]/);
});

test('a file that was there before is replaced only by a whole one', async () => {
  await writeFile(join(folder, 'a.zip'), 'before');
  rig.server.on('/a.zip', CUT);

  await expect(fetchIt(rig.fetcher({ rules: { max_retries: 0 } }))).rejects.toThrow('expected 300000 bytes');
  expect(await readFile(join(folder, 'a.zip'), 'utf8')).toBe('before');

  rig.server.on('/a.zip', GOOD);
  await fetchIt(rig.fetcher());
  expect(CONTENT.equals(await readFile(join(folder, 'a.zip')))).toBe(true);
});

test('two at a time to one file leave it whole', async () => {
  rig.server.on('/a.zip', CUT, GOOD);
  await expect(fetchIt(rig.fetcher({ rules: { max_retries: 0 } }))).rejects.toThrow('expected 300000 bytes');

  const both = await Promise.allSettled([fetchIt(rig.fetcher()), fetchIt(rig.fetcher())]);

  expect(both.some(({ status }) => status === 'fulfilled')).toBe(true);
  expect(CONTENT.equals(await readFile(join(folder, 'a.zip')))).toBe(true);
});

test('a part that another attempt takes away meanwhile does not become a file with a hole', async () => {
  rig.server.on('/a.zip', CUT, GOOD);
  const allow = ['files.example'];
  const url = `http://files.example:${rig.server.port}/a.zip`;
  const options = { sha256: null, maxBytes: 1_000_000, signal: untilDone };
  const { lookup } = stubLookup('127.0.0.1');
  const failed = rig.fetcher({ allow, lookup, rules: { max_retries: 0 } }).fetchToFile(url, join(folder, 'a.zip'), options);
  await expect(failed).rejects.toMatchObject({ code: 'LENGTH_MISMATCH' });
  const takeAway = async (): Promise<void> => {
    const part = (await left()).find((name) => name.endsWith('.part'));
    await rm(join(folder, part ?? 'no part was left'));
  };
  const late: LookupFunction = (hostname, asked, answer) => void takeAway().then(() => lookup(hostname, asked, answer));

  await expect(rig.fetcher({ allow, lookup: late }).fetchToFile(url, join(folder, 'a.zip'), options)).rejects.toThrow('ENOENT');

  expect(await left()).not.toContain('a.zip');
});
