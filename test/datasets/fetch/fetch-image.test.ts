import { createHash } from 'node:crypto';
import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import type { FaultyReply } from './faulty-server.ts';
import { untilDone, useFetchRig } from './fetch-rig.ts';

const rig = useFetchRig();
const IMAGE = 'the bytes of an image';
const SHA256 = createHash('sha256').update(IMAGE).digest('hex');
const GOOD: FaultyReply = { body: IMAGE };
const any = { sha256: null, signal: untilDone };

test('an image comes with its hash', async () => {
  rig.server.on('/a.png', GOOD);

  const got = await rig.fetcher().fetchImage(rig.server.url('/a.png'), { sha256: SHA256, signal: untilDone });

  expect(got).toEqual({ bytes: Buffer.from(IMAGE), sha256: SHA256 });
  expect(rig.server.seen('/a.png')[0]?.headers).toMatchObject({ 'accept-encoding': 'identity' });
});

const PASSING: readonly (readonly [what: string, reply: FaultyReply, code: string])[] = [
  ['429', { status: 429 }, 'HTTP_429'],
  ['500', { status: 500 }, 'HTTP_500'],
  ['503', { status: 503 }, 'HTTP_503'],
  ['a reset', { fault: 'reset' }, 'HTTP_ERROR'],
  ['a body shorter than declared', { body: IMAGE, fault: 'short' }, 'LENGTH_MISMATCH'],
  ['a body longer than declared', { body: IMAGE, fault: 'long' }, 'LENGTH_MISMATCH'],
  ['a connection that ends early', { body: IMAGE, fault: { cutAfter: 4 } }, 'LENGTH_MISMATCH'],
];

test.for(PASSING)('after %s it is tried again, and had', async ([, reply]) => {
  rig.server.on('/a.png', reply, reply, GOOD);

  const got = await rig.fetcher().fetchImage(rig.server.url('/a.png'), any);

  expect(got).toMatchObject({ sha256: SHA256 });
  expect(rig.waits).toEqual([1000, 2000]);
  expect(rig.server.seen('/a.png')).toHaveLength(3);
});

test.for(PASSING)('%s for ever is a drop that a later try may have', async ([, reply, code]) => {
  rig.server.on('/a.png', reply);

  const got = await rig.fetcher().fetchImage(rig.server.url('/a.png'), any);

  expect(got).toEqual({ drop: { code, message: expect.stringMatching(/^expected .*a\.png.* got /) }, again: true });
  expect(rig.waits).toEqual([1000, 2000, 4000, 8000]);
  expect(rig.server.seen('/a.png')).toHaveLength(5);
});

const LASTING: readonly (readonly [what: string, reply: FaultyReply, code: string])[] = [
  ['404', { status: 404 }, 'HTTP_404'],
  ['403', { status: 403, headers: { 'retry-after': '1' } }, 'HTTP_403'],
  ['204', { status: 204 }, 'HTTP_204'],
  ['206, which nobody asked for', { status: 206, body: IMAGE }, 'HTTP_206'],
  ['302 to nowhere', { status: 302 }, 'HTTP_302'],
  ['a declared length over the limit, before the body comes', { body: Buffer.alloc(1001), fault: 'slow' }, 'TOO_LARGE'],
  ['a body without end', { fault: 'endless' }, 'TOO_LARGE'],
  ['a compressed body', { body: IMAGE, headers: { 'content-encoding': 'gzip' } }, 'HTTP_ERROR'],
];

test.for(LASTING)('%s is a drop at once', async ([, reply, code]) => {
  rig.server.on('/a.png', reply);

  const got = await rig.fetcher({ rules: { max_bytes: 1000, timeout_s: 1 } }).fetchImage(rig.server.url('/a.png'), any);

  expect(got).toEqual({ drop: { code, message: expect.stringMatching(/^expected .*a\.png.* got /) }, again: false });
  expect(rig.waits).toEqual([]);
  expect(rig.server.seen('/a.png')).toHaveLength(1);
});

test('an image of exactly the largest size is had', async () => {
  rig.server.on('/a.png', GOOD);

  const got = await rig.fetcher({ rules: { max_bytes: IMAGE.length } }).fetchImage(rig.server.url('/a.png'), any);

  expect(got).toMatchObject({ sha256: SHA256 });
});

test('another hash than expected is tried once more, and then a drop', async () => {
  rig.server.on('/a.png', { body: 'something else' });

  const got = await rig.fetcher().fetchImage(rig.server.url('/a.png'), { sha256: SHA256, signal: untilDone });

  expect(got).toEqual({ drop: { code: 'HASH_MISMATCH', message: expect.stringContaining(SHA256) }, again: false });
  expect(rig.server.seen('/a.png')).toHaveLength(2);
});

test('an image that was damaged on the way is had at the second try', async () => {
  rig.server.on('/a.png', { body: 'something else' }, GOOD);

  const got = await rig.fetcher().fetchImage(rig.server.url('/a.png'), { sha256: SHA256, signal: untilDone });

  expect(got).toMatchObject({ sha256: SHA256 });
});

test.for([
  ['7', 7000],
  ['0', 0],
  ['86400', 300_000],
  ['soon', 1000],
  ['Wed, 21 Oct 2015 07:28:00 GMT', 0],
] as const)('with Retry-After: %s it waits %i ms', async ([header, ms]) => {
  rig.server.on('/a.png', { status: 503, headers: { 'retry-after': header } }, GOOD);

  await rig.fetcher().fetchImage(rig.server.url('/a.png'), any);

  expect(rig.waits).toEqual([ms]);
});

test('with a date in Retry-After it waits until then', async () => {
  const at = new Date(Date.now() + 90_000).toUTCString();
  rig.server.on('/a.png', { status: 429, headers: { 'retry-after': at } }, GOOD);

  await rig.fetcher().fetchImage(rig.server.url('/a.png'), any);

  expect(rig.waits[0]).toBeGreaterThan(80_000);
  expect(rig.waits[0]).toBeLessThanOrEqual(90_000);
});

test('no wait is longer than a minute unless the server asks for it', async () => {
  rig.server.on('/a.png', { status: 500 });

  await rig.fetcher({ rules: { max_retries: 8 } }).fetchImage(rig.server.url('/a.png'), any);

  expect(rig.waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
});

const STALLED: readonly (readonly [what: string, reply: FaultyReply])[] = [
  ['a server that never answers', { fault: 'hang' }],
  ['a body that trickles', { body: Buffer.alloc(1000), fault: 'slow' }],
];

test.for(STALLED)('%s is a timeout, though it never pauses for long', async ([, reply]) => {
  rig.server.on('/a.png', reply);

  const got = await rig.fetcher({ rules: { timeout_s: 0.15, max_retries: 1 } }).fetchImage(rig.server.url('/a.png'), any);

  expect(got).toEqual({ drop: { code: 'HTTP_TIMEOUT', message: expect.stringContaining('0.15 s') }, again: true });
  expect(rig.server.seen('/a.png')).toHaveLength(2);
});

test('redirects share one timeout', async () => {
  const slowRedirect = { status: 302, headers: { location: '/b.png' } };
  rig.server.on('/a.png', slowRedirect);
  rig.server.on('/b.png', { fault: 'hang' });

  const got = await rig.fetcher({ rules: { timeout_s: 0.15, max_retries: 0 } }).fetchImage(rig.server.url('/a.png'), any);

  expect(got).toMatchObject({ drop: { code: 'HTTP_TIMEOUT' } });
});

test.for(STALLED)('a signal ends the wait for %s', async ([, reply]) => {
  rig.server.on('/a.png', reply);
  const controller = new AbortController();
  const got = rig.fetcher().fetchImage(rig.server.url('/a.png'), { sha256: null, signal: controller.signal });
  await expect.poll(() => rig.server.seen('/a.png').length).toBe(1);
  const started = performance.now();

  controller.abort(new Error('cancelled'));

  await expect(got).rejects.toThrow('cancelled');
  expect(performance.now() - started).toBeLessThan(500);
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
});

test('not more requests than the rules allow are open at a time', async () => {
  const paths = Array.from({ length: 12 }, (_, n) => `/${n}.png`);
  for (const path of paths) rig.server.on(path, { body: 'abc', fault: 'slow' });
  const fetcher = rig.fetcher({ rules: { concurrency: 3 } });

  const { signal } = new AbortController();

  const got = await Promise.all(paths.map((path) => fetcher.fetchImage(rig.server.url(path), { sha256: null, signal })));

  expect(got.every((image) => 'bytes' in image)).toBe(true);
  expect(rig.server.busiest()).toBe(3);
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

test('a signal takes those out of the line that have not begun, and the next has their turn', async () => {
  rig.server.on('/a.png', { fault: 'hang' });
  rig.server.on('/b.png', GOOD);
  const fetcher = rig.fetcher({ rules: { concurrency: 1 } });
  const [first, second] = [new AbortController(), new AbortController()];
  const hanging = fetcher.fetchImage(rig.server.url('/a.png'), { sha256: null, signal: first.signal });
  const inLine = fetcher.fetchImage(rig.server.url('/b.png'), { sha256: null, signal: second.signal });
  const last = fetcher.fetchImage(rig.server.url('/b.png'), any);
  await expect.poll(() => rig.server.seen().length).toBe(1);

  second.abort(new Error('cancelled'));
  await expect(inLine).rejects.toThrow('cancelled');
  first.abort(new Error('cancelled too'));
  await expect(hanging).rejects.toThrow('cancelled too');

  expect(await last).toMatchObject({ sha256: SHA256 });
  expect(rig.server.seen('/b.png')).toHaveLength(1);
});

test('connections are used again', async () => {
  rig.server.on('/a.png', GOOD);
  const fetcher = rig.fetcher();

  for (let n = 0; n < 5; n++) await fetcher.fetchImage(rig.server.url('/a.png'), any);

  expect(rig.server.connections()).toBe(1);
});
