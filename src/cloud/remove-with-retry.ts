import type { Clock } from './clock.ts';
import { CloudError } from './cloud-error.ts';
import type { CloudPort, KnownObject } from './port.ts';

/** How long a removal is tried. */
export interface RemoveOptions {
  /** Default 12. */
  readonly tries_max?: number | undefined;
  /** Between tries; longer when the provider says so, up to two minutes. Default 5,000. */
  readonly delay_ms?: number | undefined;
  /** Asked before each further try: false ends them. Default: always true. */
  readonly still?: (() => Promise<boolean>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const DELAY_MS_MAX = 120_000;

/**
 * Deletes what has this id, again and again while it is locked (`LOCKED`), still has members (`FORBIDDEN`, `CONFLICT`), is accepted but
 * cannot be found or is going (`NOT_GONE_YET`), or the provider gives no answer; that it is gone is success. After the last try throws the last error.
 */
export async function removeWithRetry(
  { port, clock }: { readonly port: CloudPort; readonly clock: Clock },
  known: KnownObject,
  { tries_max = 12, delay_ms = 5_000, still = () => Promise.resolve(true), signal }: RemoveOptions = {},
): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      if ((await port.remove(known, signal)) === 'gone') return;
      throw notGoneYet(known);
    } catch (thrown) {
      const error = askAgain(thrown);
      const waitMs = error instanceof CloudError ? Math.max(error.retry_after_ms ?? 0, delay_ms) : Infinity;
      if (tries >= tries_max || waitMs > DELAY_MS_MAX || !mayPass(error)) throw error;
      await clock.sleep(waitMs, signal);
      if (!(await still())) return;
    }
  }
}

/** Whoever asks again finds what was done, also where a removal is a POST: that its outcome is unknown ends nothing. */
function askAgain(error: unknown): unknown {
  if (!(error instanceof CloudError) || error.outcome !== 'unknown' || error.retryable) return error;
  const { code, message, status, request_id } = error;
  return new CloudError(code, message, { outcome: 'unknown', retryable: true, status, request_id, cause: error });
}

function notGoneYet({ type, provider_id }: KnownObject): CloudError {
  const message = `${type} ${provider_id} is going, or still being made: expected it to be gone by now; try again`;
  return new CloudError('NOT_GONE_YET', message, { outcome: 'refused', retryable: true });
}

/** 403 is how a VPC with members is refused, and nothing in the answer tells it from a token that may not delete. */
function mayPass(error: unknown): boolean {
  return error instanceof CloudError && (error.retryable || error.code === 'FORBIDDEN');
}
