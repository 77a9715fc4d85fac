import { z } from 'zod';
import { CloudError } from '../cloud-error.ts';
import { oneTurn } from '../rate-limit.ts';
import type { RateLimit, Turn } from '../rate-limit.ts';
import { errorOfAnswer, errorOfBody, errorOfNoAnswer, headerOf, numberOf, retryAfterMs } from './classify.ts';
import type { CallName } from './classify.ts';
import { NoAnswer, send } from './send.ts';
import type { Answer } from './send.ts';
import type { ApiToken } from './token.ts';

export interface ApiOptions {
  readonly token: ApiToken;
  readonly rate_limit: RateLimit;
  /** Default `https://api.digitalocean.com`. `http:` only of this machine, as the token goes in the clear. */
  readonly base_url?: string;
  /** Of one call, without the wait for the rate limit. Default 30,000. */
  readonly timeout_ms?: number;
  /** Told of every call; no secrets, no bodies. */
  readonly log?: (call: CallLog) => void;
}

export interface CallLog extends CallName {
  /** Null when no answer came. */
  readonly status: number | null;
  readonly ms: number;
  readonly request_id: string | null;
  /** Calls left in the hour, by the provider's count. */
  readonly calls_left: number | null;
}

/** One call of the API. */
export interface Call<T> extends CallName {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** What a success must be; unknown fields are dropped. */
  readonly schema: z.ZodType<T>;
  readonly signal?: AbortSignal | undefined;
  /** When it was taken before. */
  readonly turn?: Turn | undefined;
}

/** DigitalOcean's API v2. `call` sends one request after the rate limit let it, never a second, and throws `CloudError`. */
export interface DigitalOceanApi {
  call<T>(call: Call<T>): Promise<T>;
  /** Waits until a call may be sent, for one that is to go at once later. Throws `CloudError`. */
  turn(name: CallName, signal?: AbortSignal): Promise<Turn>;
}

/** The same API, whose next call goes in a turn that was waited for. */
export function inTurn(api: DigitalOceanApi, turn: Turn | undefined): DigitalOceanApi {
  return { ...api, call: (call) => api.call({ turn, ...call }) };
}

/** Schema of a success without a body. */
export const nothing = z.unknown().transform(() => undefined);

const BODY_BYTES_MAX = 5 * 1024 * 1024;
const LOOPBACK = ['127.0.0.1', '[::1]', 'localhost'];

/** Throws a `RangeError` when the base URL is no HTTPS. */
export function createApi(options: ApiOptions): DigitalOceanApi {
  const base = checkedBase(options.base_url ?? 'https://api.digitalocean.com');
  return {
    call: async (call) => {
      const answer = await exchange(options, base, call);
      if (answer.status < 200 || answer.status > 299) throw errorOfAnswer(call, answer, Date.now());
      return parse(call, answer);
    },
    turn: async (name, signal) => {
      await waitForTurn(options.rate_limit, { ...name, signal });
      return oneTurn();
    },
  };
}

async function exchange<T>(options: ApiOptions, base: URL, call: Call<T>): Promise<Answer> {
  if (!call.turn?.take()) await waitForTurn(options.rate_limit, call);
  const began = performance.now();
  const url = new URL(call.path, base);
  for (const [name, value] of Object.entries(call.query ?? {})) url.searchParams.set(name, value);
  const headers = { authorization: options.token.header, accept: 'application/json', 'user-agent': 'cerebros' };
  const body = call.body === undefined ? {} : { body: JSON.stringify(call.body) };
  const { method, signal } = call;
  const log = (answer?: Answer) => options.log?.(logOf(call, performance.now() - began, answer));
  try {
    const limits = { timeout_ms: options.timeout_ms ?? 30_000, body_bytes_max: BODY_BYTES_MAX };
    const answer = await send({ method, url, headers, ...body, ...limits, signal });
    log(answer);
    await learn(options.rate_limit, answer);
    return answer;
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    log();
    throw errorOfNoAnswer(call, error);
  }
}

/** Whatever ends the wait, nothing was sent. */
async function waitForTurn(limit: RateLimit, { method, path, signal }: Pick<Call<unknown>, 'method' | 'path' | 'signal'>): Promise<void> {
  try {
    await limit.take(signal);
    signal?.throwIfAborted();
  } catch (error) {
    if (error instanceof CloudError) throw error;
    throw new CloudError('NOT_SENT', `${method} ${path} was not sent: ${(error as Error).message}`, {
      outcome: 'refused',
      retryable: true,
      cause: error,
    });
  }
}

/** What the answer says of the limits, for all workers. A ledger that is away must not turn an answer into an unknown outcome. */
async function learn(limit: RateLimit, { status, headers }: Answer): Promise<void> {
  const left = numberOf(headerOf(headers, 'ratelimit-remaining'));
  const spent = status === 429 || left === 0;
  if (left === undefined && !spent) return;
  const blocked_ms = spent ? retryAfterMs(headers, Date.now()) : 0;
  try {
    await limit.correct({ left: spent ? 0 : (left ?? 0), blocked_ms });
  } catch {
    // The next answer says it again.
  }
}

function parse<T>(call: Call<T>, answer: Answer): T {
  const json = answer.text.trim() === '' ? undefined : jsonOf(call, answer);
  const parsed = call.schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const expected = `another body: ${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'malformed'}`;
  throw errorOfBody(call, answer, { expected });
}

function jsonOf(call: CallName, answer: Answer): unknown {
  try {
    return JSON.parse(answer.text);
  } catch (cause) {
    throw errorOfBody(call, answer, { expected: `JSON, got ${answer.text.length} characters that are none`, cause });
  }
}

function logOf({ method, path }: CallName, ms: number, answer?: Answer): CallLog {
  const request_id = (answer && headerOf(answer.headers, 'x-request-id')) ?? null;
  const calls_left = (answer && numberOf(headerOf(answer.headers, 'ratelimit-remaining'))) ?? null;
  return { method, path, status: answer?.status ?? null, ms: Math.round(ms), request_id, calls_left };
}

function checkedBase(text: string): URL {
  const url = new URL(text);
  const safe = url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.includes(url.hostname));
  if (!safe) throw new RangeError(`expected an https:// URL of the DigitalOcean API, got ${url.origin}; the token would go in the clear`);
  return url;
}
