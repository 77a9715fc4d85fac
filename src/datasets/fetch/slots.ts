/** At most so many at a time; the others wait in order. How many wait is the caller's to bound. */
export interface Slots {
  /** Throws the reason of `signal` when it fires before a slot is free. */
  run<T>(signal: AbortSignal, act: () => Promise<T>): Promise<T>;
}

export function createSlots(count: number): Slots {
  const waiting = new Set<() => void>();
  let taken = 0;
  return {
    run: async (signal, act) => {
      signal.throwIfAborted();
      if (taken === count) await turn(waiting, signal);
      else taken++;
      try {
        return await act();
      } finally {
        // A slot goes to the next in line; nobody can come in between.
        const [next] = waiting;
        if (next === undefined) taken--;
        else next();
      }
    },
  };
}

/** Stands in line until it is called, or until `signal` fires. */
function turn(waiting: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const leaveLine = (): void => {
      waiting.delete(enter);
      signal.removeEventListener('abort', giveUp);
    };
    const enter = (): void => {
      leaveLine();
      resolve();
    };
    const giveUp = (): void => {
      leaveLine();
      reject(signal.reason as Error);
    };
    waiting.add(enter);
    signal.addEventListener('abort', giveUp, { once: true });
  });
}
