import { FetchError } from './fetch-error.ts';
import { shownUrl } from './url-guard.ts';

/** Throws `HASH_MISMATCH`, which is tried once more, as the transfer may have been damaged; `expected` null takes any. */
export function checkHash(url: string, got: string, expected: string | null): void {
  if (expected === null || got === expected) return;
  throw new FetchError('HASH_MISMATCH', `expected sha256 ${expected} of ${shownUrl(url)}, got ${got}`, { again: 'once' });
}
