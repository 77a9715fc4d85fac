import { FetchError } from './fetch-error.ts';

interface Limits {
  readonly timeoutMs: number;
  /** The caller's; its reason is thrown when it fires. */
  readonly signal: AbortSignal;
  /** The request, as messages name it. */
  readonly what: string;
}

/**
 * Runs `act` with a signal that fires after `timeoutMs`, counted from the start or the last `extend()`. Throws `HTTP_TIMEOUT`
 * then, whatever `act` made of it.
 */
export async function withDeadline<T>(limits: Limits, act: (signal: AbortSignal, extend: () => void) => Promise<T>): Promise<T> {
  const { timeoutMs, signal, what } = limits;
  signal.throwIfAborted();
  // Not AbortSignal.timeout: its timer cannot be started again.
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signal.reason);
  const timer = setTimeout(() => controller.abort(timedOut(what, timeoutMs)), timeoutMs);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await act(controller.signal, () => timer.refresh());
  } catch (error) {
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

function timedOut(what: string, timeoutMs: number): FetchError {
  return new FetchError('HTTP_TIMEOUT', `expected ${what} within ${timeoutMs / 1000} s, it took longer`, { again: 'always' });
}
