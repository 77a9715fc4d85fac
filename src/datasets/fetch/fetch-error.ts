import { DatasetError } from '../errors.ts';

interface FetchErrorOptions {
  /** `once`: a second try tells a damaged transfer from content that is different for good. Default `never`. */
  readonly again?: 'never' | 'once' | 'always';
  /** What the server asked for, in milliseconds from now. */
  readonly retryAfterMs?: number | null;
  readonly cause?: unknown;
}

/** Why a download failed; `code` is that of a `Drop`. `retryable` when the network or the server was in trouble. */
export class FetchError extends DatasetError {
  readonly again: 'never' | 'once' | 'always';
  readonly retryAfterMs: number | null;

  constructor(code: string, message: string, { again = 'never', retryAfterMs = null, cause }: FetchErrorOptions = {}) {
    super(code, message, { retryable: again === 'always', cause });
    this.again = again;
    this.retryAfterMs = retryAfterMs;
  }
}
