import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { CloudError } from '../cloud-error.ts';
import type { Answer, NoAnswer, Outgoing } from './send.ts';

/** What a call was, for messages: `POST /v2/droplets`. */
export interface CallName {
  readonly method: Outgoing['method'];
  readonly path: string;
}

const problemSchema = z.object({ id: z.string().optional(), message: z.string().optional(), request_id: z.string().optional() });

const MESSAGE_CHARS_MAX = 500;
/** When 429 comes without a header that can be read: the length of the short window. */
const RETRY_AFTER_MS_DEFAULT = 60_000;
const RETRY_AFTER_MS_MAX = 3_600_000;

interface Verdict {
  readonly code: string;
  readonly retryable: boolean;
}

const VERDICTS: Readonly<Record<number, Verdict>> = {
  401: { code: 'UNAUTHORIZED', retryable: false },
  403: { code: 'FORBIDDEN', retryable: false },
  404: { code: 'NOT_FOUND', retryable: false },
  409: { code: 'CONFLICT', retryable: true },
  412: { code: 'PRECONDITION_FAILED', retryable: true },
  422: { code: 'UNPROCESSABLE', retryable: false },
  429: { code: 'TOO_MANY_REQUESTS', retryable: true },
};
const OTHER_4XX: Verdict = { code: 'BAD_REQUEST', retryable: false };
/** An action that is not completed locks its resource, which only the message tells. */
const LOCKED = /\block(?:ed)?\b|pending event|already (?:being|in progress)|in progress/i;

/** The error of an answer that is no success. Of a POST, whatever is no clear refusal (4xx without 408) has an unknown outcome. */
export function errorOfAnswer(call: CallName, answer: Answer, nowMs: number): CloudError {
  const problem = problemOf(answer.text);
  const request_id = problem.request_id ?? headerOf(answer.headers, 'x-request-id');
  const message = `${call.method} ${call.path} was answered ${answer.status}${said(problem)}${request_id ? ` (request ${request_id})` : ''}`;
  const about = { status: answer.status, request_id };
  if (!isRefusal(answer.status)) return new CloudError('NO_SUCCESS', message, { ...about, ...openEnd(call) });
  const { code, retryable } = verdictOf(answer.status, problem.message ?? '');
  const retry_after_ms = answer.status === 429 ? retryAfterMs(answer.headers, nowMs) : undefined;
  return new CloudError(code, message, { ...about, retryable, retry_after_ms, outcome: 'refused' });
}

/** The error of a call without a whole answer. */
export function errorOfNoAnswer(call: CallName, error: NoAnswer): CloudError {
  const end = error.sent ? openEnd(call) : ({ outcome: 'refused', retryable: true } as const);
  return new CloudError('NO_ANSWER', `${call.method} ${call.path} got no answer: ${error.message}`, { ...end, cause: error });
}

/** The error of a success whose body is not what was agreed on. */
export function errorOfBody(call: CallName, answer: Answer, issue: { readonly expected: string; readonly cause?: unknown }): CloudError {
  const request_id = headerOf(answer.headers, 'x-request-id');
  const message = `${call.method} ${call.path} was answered ${answer.status}, but expected ${issue.expected}`;
  return new CloudError('MALFORMED_ANSWER', message, { ...openEnd(call), status: answer.status, request_id, cause: issue.cause });
}

/** Milliseconds until a call may be made: `retry-after`, else `ratelimit-reset`, else a minute; at most an hour. */
export function retryAfterMs(headers: IncomingHttpHeaders, nowMs: number): number {
  const seconds = numberOf(headerOf(headers, 'retry-after'));
  const reset = numberOf(headerOf(headers, 'ratelimit-reset'));
  const waitMs = seconds === undefined ? reset !== undefined && reset * 1000 - nowMs : seconds * 1000;
  if (waitMs === false || waitMs < 0) return RETRY_AFTER_MS_DEFAULT;
  return Math.min(waitMs, RETRY_AFTER_MS_MAX);
}

/** The number a header holds; undefined when it holds none, or a negative one. */
export function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}(?:\.\d+)?$/.test(text) ? Number(text) : undefined;
}

export function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** GET, PUT and DELETE may be sent again; a POST may not. */
function openEnd({ method }: CallName): { outcome: 'refused' | 'unknown'; retryable: boolean } {
  return { outcome: method === 'GET' ? 'refused' : 'unknown', retryable: method !== 'POST' };
}

function isRefusal(status: number): boolean {
  return status >= 400 && status < 500 && status !== 408;
}

function verdictOf(status: number, message: string): Verdict {
  if (status === 422 && LOCKED.test(message)) return { code: 'LOCKED', retryable: true };
  return VERDICTS[status] ?? OTHER_4XX;
}

function problemOf(text: string): z.infer<typeof problemSchema> {
  try {
    return problemSchema.parse(JSON.parse(text));
  } catch {
    // A proxy's page, or nothing: the status says enough.
    return {};
  }
}

function said({ id, message }: z.infer<typeof problemSchema>): string {
  const text = [id, message].filter((part) => part !== undefined).join(': ');
  return text === '' ? '' : `, ${text.slice(0, MESSAGE_CHARS_MAX)}`;
}
