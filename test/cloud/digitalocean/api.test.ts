import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createApi } from '../../../src/cloud/digitalocean/api.ts';
import type { CallLog } from '../../../src/cloud/digitalocean/api.ts';
import { ApiToken } from '../../../src/cloud/digitalocean/token.ts';
import type { RateLimit } from '../../../src/cloud/rate-limit.ts';
import { startAnswers } from '../answers.ts';
import type { Answers, Scripted } from '../answers.ts';
import { SECRET, testApi, UNLIMITED } from '../volume-world.ts';

let answers: Answers;
beforeEach(async () => {
  answers = await startAnswers();
});
afterEach(async () => await answers.close());

const schema = z.object({ thing: z.object({ id: z.string() }) });
const call = async (method: 'GET' | 'POST' | 'DELETE', timeout_ms = 2_000): Promise<unknown> =>
  await testApi(answers.url, { timeout_ms }).call({
    method,
    path: '/v2/things',
    ...(method === 'POST' && { body: { name: 'a' } }),
    schema,
  });

describe('call', () => {
  test('sends the token and the body once, and keeps of the answer what was agreed on', async () => {
    answers.say({ status: 201, body: { thing: { id: 'a', password: 'x' }, links: {} } });
    expect(await call('POST')).toEqual({ thing: { id: 'a' } });
    expect([answers.lines, answers.bodies]).toEqual([['POST /v2/things'], [{ name: 'a' }]]);
    expect(answers.headers[0]).toMatchObject({
      authorization: `Bearer ${SECRET}`,
      'content-type': 'application/json',
      connection: 'close',
    });
  });

  const refusals: [Scripted, string, boolean][] = [
    [{ status: 400 }, 'BAD_REQUEST', false],
    [{ status: 401 }, 'UNAUTHORIZED', false],
    [{ status: 403 }, 'FORBIDDEN', false],
    [{ status: 404 }, 'NOT_FOUND', false],
    [{ status: 409 }, 'CONFLICT', true],
    [{ status: 412 }, 'PRECONDITION_FAILED', true],
    [{ status: 421 }, 'BAD_REQUEST', false],
    [{ status: 422, body: { id: 'unprocessable_entity', message: 'size is invalid' } }, 'UNPROCESSABLE', false],
    [{ status: 422, body: { id: 'unprocessable_entity', message: 'Droplet is locked' } }, 'LOCKED', true],
    [{ status: 422, body: { id: 'unprocessable_entity', message: 'Droplet already has a pending event.' } }, 'LOCKED', true],
    [{ status: 429 }, 'TOO_MANY_REQUESTS', true],
  ];
  test.each(refusals)('takes %j to a POST as a refusal', async (answer, code, retryable) => {
    answers.say(answer);
    await expect(call('POST')).rejects.toMatchObject({ code, retryable, outcome: 'refused' });
    expect(answers.lines).toHaveLength(1);
  });

  const open: [string, Scripted, string][] = [
    ['500', { status: 500 }, 'NO_SUCCESS'],
    ['503 with retry-after', { status: 503, headers: { 'retry-after': '1' } }, 'NO_SUCCESS'],
    ['504', { status: 504, body: '<html>' }, 'NO_SUCCESS'],
    ['408', { status: 408 }, 'NO_SUCCESS'],
    ['a redirect', { status: 307, headers: { location: 'http://127.0.0.1:1/' } }, 'NO_SUCCESS'],
    ['a reset', 'cut', 'NO_ANSWER'],
    ['silence', 'silence', 'NO_ANSWER'],
    ['a body without end', { status: 201, bytes: 8 * 1024 * 1024 }, 'NO_ANSWER'],
    ['no JSON', { status: 201, body: '{"thing":' }, 'MALFORMED_ANSWER'],
    ['HTML', { status: 200, body: '<html>' }, 'MALFORMED_ANSWER'],
    ['nothing', { status: 201 }, 'MALFORMED_ANSWER'],
    ['a missing field', { status: 201, body: { thing: {} } }, 'MALFORMED_ANSWER'],
  ];
  test.each(open)('leaves the outcome of a POST unknown after %s, of a GET not, and sends neither again', async (_, answer, code) => {
    answers.sayAlways(answer);
    await expect(call('POST', 300)).rejects.toMatchObject({ code, outcome: 'unknown', retryable: false });
    await expect(call('GET', 300)).rejects.toMatchObject({ code, outcome: 'refused', retryable: true });
    await expect(call('DELETE', 300)).rejects.toMatchObject({ code, outcome: 'unknown', retryable: true });
    expect(answers.lines).toHaveLength(3);
  });

  test('reads at most 5 MiB', async () => {
    answers.say({ status: 200, bytes: 1024 * 1024 * 1024 });
    await expect(call('GET')).rejects.toThrow('expected an answer of at most 5242880 bytes, got more');
  });

  test('knows that a POST did nothing when no connection was made', async () => {
    await answers.close();
    await expect(call('POST')).rejects.toMatchObject({
      code: 'NO_ANSWER',
      outcome: 'refused',
      retryable: true,
      message: expect.stringContaining('ECONNREFUSED'),
    });
    answers = await startAnswers();
  });
});

describe('the token', () => {
  test('shows nowhere, while errors say what came, with the request id', async () => {
    answers.say({ status: 422, body: { id: 'unprocessable_entity', message: 'no such size', request_id: 'r-42' } }, 'cut');
    const logged: CallLog[] = [];
    const options = {
      token: new ApiToken(SECRET),
      rate_limit: UNLIMITED,
      base_url: answers.url,
      log: (one: CallLog) => void logged.push(one),
    };
    const api = createApi(options);
    const errors: unknown[] = [];
    for (const _ of [1, 2]) await api.call({ method: 'POST', path: '/v2/x', schema }).catch((error: unknown) => errors.push(error));
    expect(errors[0]).toMatchObject({
      message: 'POST /v2/x was answered 422, unprocessable_entity: no such size (request r-42)',
      request_id: 'r-42',
      status: 422,
    });
    expect(logged).toMatchObject([
      { method: 'POST', path: '/v2/x', status: 422 },
      { status: null, request_id: null },
    ]);
    const shown = [
      inspect(errors, { depth: 9 }),
      JSON.stringify(logged),
      inspect(options),
      JSON.stringify(options),
      String(options.token),
    ].join();
    expect(shown).toContain('[DigitalOcean token]');
    expect(shown).not.toContain(SECRET);
    expect(shown).not.toContain(SECRET.slice(7));
  });

  test('is sent in the clear to nobody but this machine', () => {
    const make = (base_url: string) => createApi({ token: new ApiToken(SECRET), rate_limit: UNLIMITED, base_url });
    expect(() => make('http://api.digitalocean.com')).toThrow('expected an https:// URL');
    expect(() => new ApiToken('short')).toThrow('expected a DigitalOcean token');
    expect(() => make('http://127.0.0.1:1')).not.toThrow();
  });
});

describe('limits', () => {
  const waits: [Record<string, string>, number][] = [
    [{ 'retry-after': '29', 'ratelimit-reset': '9999999999' }, 29_000],
    [{ 'retry-after': 'soon' }, 60_000],
    [{ 'retry-after': '-5', 'ratelimit-reset': 'never' }, 60_000],
    [{ 'ratelimit-reset': '9999999999' }, 3_600_000],
    [{ 'retry-after': '999999' }, 3_600_000],
    [{}, 60_000],
  ];
  test.each(waits)('waits after 429 as %j says', async (headers, retry_after_ms) => {
    const said: unknown[] = [];
    const rate_limit: RateLimit = { take: async () => {}, correct: async (one) => void said.push(one) };
    answers.say({ status: 429, headers });
    await expect(testApi(answers.url, { rate_limit }).call({ method: 'GET', path: '/v2/x', schema })).rejects.toMatchObject({
      retry_after_ms,
    });
    expect(said).toEqual([{ left: 0, blocked_ms: retry_after_ms }]);
  });

  test('sends nothing before the limit lets it, and tells it what is left', async () => {
    const said: unknown[] = [];
    let free = (): void => {};
    const turn = new Promise<void>((resolve) => (free = resolve));
    const rate_limit: RateLimit = { take: async () => await turn, correct: async (one) => void said.push(one) };
    answers.say({ body: { thing: { id: 'a' } }, headers: { 'ratelimit-remaining': '17' } });
    const called = testApi(answers.url, { rate_limit }).call({ method: 'GET', path: '/v2/x', schema });
    await fetch(answers.url).then((response) => response.text());
    expect(answers.lines).toEqual(['GET /']);
    answers.say({ body: { thing: { id: 'a' } }, headers: { 'ratelimit-remaining': '17' } });
    free();
    await called;
    expect(said).toEqual([{ left: 17, blocked_ms: 0 }]);
  });

  test('takes an answer even when the limit cannot be told of it', async () => {
    const rate_limit: RateLimit = { take: async () => {}, correct: async () => await Promise.reject(new Error('no database')) };
    answers.say({ status: 201, body: { thing: { id: 'a' } }, headers: { 'ratelimit-remaining': '3' } });
    expect(await testApi(answers.url, { rate_limit }).call({ method: 'POST', path: '/v2/x', schema })).toEqual({ thing: { id: 'a' } });
  });

  test('sends one call at once in a turn that was waited for before, and the next in its own', async () => {
    const taken: string[] = [];
    const rate_limit: RateLimit = { take: async () => void taken.push('turn'), correct: async () => {} };
    const api = testApi(answers.url, { rate_limit });
    const turn = await api.turn({ method: 'POST', path: '/v2/x' });
    expect([taken.length, answers.lines.length]).toEqual([1, 0]);
    answers.say({ status: 201, body: { thing: { id: 'a' } } }, { status: 201, body: { thing: { id: 'b' } } });
    for (const turns of [1, 2]) {
      await api.call({ method: 'POST', path: '/v2/x', schema, turn });
      expect(taken).toHaveLength(turns);
    }
  });

  test('sends nothing when the wait is aborted or the limit fails', async () => {
    const signal = AbortSignal.abort(new Error('stopped'));
    const failing: RateLimit = { take: async () => await Promise.reject(new Error('no database')), correct: async () => {} };
    const expected = { code: 'NOT_SENT', outcome: 'refused', retryable: true };
    await expect(testApi(answers.url).call({ method: 'POST', path: '/v2/x', schema, signal })).rejects.toMatchObject(expected);
    await expect(testApi(answers.url, { rate_limit: failing }).call({ method: 'POST', path: '/v2/x', schema })).rejects.toMatchObject(
      expected,
    );
    expect(answers.lines).toEqual([]);
  });
});
