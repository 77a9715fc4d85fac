import { forbiddenAddress } from './address-guard.ts';
import { FetchError } from './fetch-error.ts';
import { shownUrl } from './url-guard.ts';

/** What a network may recover from; other errors, as an unknown name or a wrong certificate, stay. */
const PASSING = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'EPIPE',
  'ETIMEDOUT',
]);

/** An error of a socket or of DNS as a `FetchError`: `HTTP_ERROR`, or `FORBIDDEN_ADDRESS` when an agent refused the address. */
export function networkError(error: Error, url: URL): FetchError {
  if (error instanceof FetchError) return error;
  // request-filtering-agent's errors have no code.
  if (/is not allowed\. Because/.test(error.message)) return forbiddenAddress(url.hostname, error.message, error);
  const code = codeOf(error);
  return new FetchError('HTTP_ERROR', `expected an answer from ${shownUrl(url)}, got ${code ?? error.message}`, {
    again: code !== null && PASSING.has(code) ? 'always' : 'never',
    cause: error,
  });
}

function codeOf(error: Error): string | null {
  return 'code' in error && typeof error.code === 'string' ? error.code : null;
}
