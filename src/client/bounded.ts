/** The promise's value, or what `onTimeout` gives (or throws) when it takes longer than `ms`. The promise itself runs on. */
export async function within<T>(ms: number, promise: Promise<T>, onTimeout: () => T): Promise<T> {
  const late = Symbol('late');
  let timer: NodeJS.Timeout | undefined;
  const alarm = new Promise<typeof late>((resolve) => {
    timer = setTimeout(() => resolve(late), ms);
  });
  try {
    const first = await Promise.race([promise, alarm]);
    if (first !== late) return first;
    promise.catch(() => undefined); // nobody looks at it any more
    return onTimeout();
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves after `ms`, or at once when the signal aborts. */
export function pauseFor(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });
}
