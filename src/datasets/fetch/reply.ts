import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { FetchContext } from './context.ts';
import { FetchError } from './fetch-error.ts';
import { networkError } from './network-error.ts';
import { retryAfterMs } from './retries.ts';
import { guardUrl, shownUrl } from './url-guard.ts';

/** A response whose body is still to be read. */
export interface Reply {
  /** Where it came from, after redirects. */
  readonly url: URL;
  readonly response: IncomingMessage;
  /** What was wrong with the connection after the headers, so far. */
  readonly fault: () => Error | null;
}

interface Question {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Statuses that are an answer. */
  readonly accept: readonly number[];
}

const REDIRECTS = [301, 302, 303, 307, 308];

/**
 * GETs `url`, and where it redirects to; each hop is checked like the first. Throws `FetchError` for other statuses, too many
 * redirects, refused addresses and trouble of the network.
 */
export async function openReply({ rules, allowed, agents }: FetchContext, url: string, question: Question): Promise<Reply> {
  let at = guardUrl(url, allowed);
  for (let redirects = 0; ; redirects++) {
    const reply = await send(at, agents.of(at, allowed(at)), question);
    const { statusCode = 0, headers } = reply.response;
    if (question.accept.includes(statusCode)) return identityOnly(reply);
    reply.response.destroy();
    if (!REDIRECTS.includes(statusCode) || headers.location === undefined) throw refusedStatus(reply, question.accept);
    if (redirects === rules.max_redirects)
      throw new FetchError('TOO_MANY_REDIRECTS', `expected at most ${rules.max_redirects} redirects from ${shownUrl(url)}, got one more`);
    at = guardUrl(headers.location, allowed, at);
  }
}

function send(url: URL, agent: ReturnType<FetchContext['agents']['of']>, { headers, signal }: Question): Promise<Reply> {
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    let fault: Error | null = null;
    request(url, { agent, signal, headers: { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'cerebros', ...headers } })
      .on('response', (response) => {
        // Errors before the body is read are told again to whoever reads it.
        response.on('error', () => {});
        resolve({ url, response, fault: () => fault });
      })
      .on('error', (error) => {
        fault = error;
        reject(networkError(error, url));
      })
      .end();
  });
}

/** A body in another encoding could be a bomb, and its length says nothing; servers that were asked for identity send none. */
function identityOnly(reply: Reply): Reply {
  const encoding = reply.response.headers['content-encoding'];
  if (encoding === undefined || encoding === '' || encoding.toLowerCase() === 'identity') return reply;
  reply.response.destroy();
  throw new FetchError(
    'HTTP_ERROR',
    `expected a body without content-encoding from ${shownUrl(reply.url)}, got ${JSON.stringify(encoding)}`,
  );
}

function refusedStatus({ url, response }: Reply, accept: readonly number[]): FetchError {
  const { statusCode = 0, statusMessage = '', headers } = response;
  const said = statusMessage === '' ? '' : ` (${statusMessage.slice(0, 100)})`;
  const busy = statusCode === 429 || statusCode >= 500;
  return new FetchError(`HTTP_${statusCode}`, `expected status ${accept.join(' or ')} from ${shownUrl(url)}, got ${statusCode}${said}`, {
    again: busy ? 'always' : 'never',
    retryAfterMs: retryAfterMs(headers['retry-after'], Date.now()),
  });
}
