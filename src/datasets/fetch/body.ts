import { FetchError } from './fetch-error.ts';
import { networkError } from './network-error.ts';
import type { Reply } from './reply.ts';
import { shownUrl } from './url-guard.ts';

/**
 * The body in pieces, never more than `maxBytes` in all; the connection ends when the reader stops. Throws `TOO_LARGE`,
 * `LENGTH_MISMATCH` when it is not as long as the server said, and `HTTP_ERROR`.
 */
export async function* readBody(reply: Reply, maxBytes: number): AsyncGenerator<Buffer, void> {
  const declared = declaredBytes(reply);
  if (declared !== null && declared > maxBytes) {
    reply.response.destroy();
    throw tooLarge(reply.url, maxBytes, `${declared} as declared`);
  }
  let bytes = 0;
  for await (const piece of pieces(reply, () => bytes)) {
    bytes += piece.length;
    if (bytes > maxBytes) throw tooLarge(reply.url, maxBytes, 'more');
    yield piece;
  }
  // The parser stops at the declared length, and takes what follows for a second, malformed response.
  const fault = reply.fault();
  if (fault !== null)
    throw new FetchError('LENGTH_MISMATCH', `expected ${declared ?? bytes} bytes from ${shownUrl(reply.url)}, got more`, {
      again: 'always',
      cause: fault,
    });
}

/** `Content-Length`; null when the server did not say. */
export function declaredBytes({ response }: Reply): number | null {
  const header = response.headers['content-length'];
  return header === undefined ? null : Number(header);
}

async function* pieces(reply: Reply, bytes: () => number): AsyncGenerator<Buffer, void> {
  try {
    yield* reply.response as AsyncIterable<Buffer>;
  } catch (error) {
    const declared = declaredBytes(reply);
    if (declared === null) throw networkError(error as Error, reply.url);
    throw new FetchError('LENGTH_MISMATCH', `expected ${declared} bytes from ${shownUrl(reply.url)}, got ${bytes()}`, {
      again: 'always',
      cause: error,
    });
  }
}

function tooLarge(url: URL, maxBytes: number, got: string): FetchError {
  return new FetchError('TOO_LARGE', `expected at most ${maxBytes} bytes from ${shownUrl(url)}, got ${got}`);
}
