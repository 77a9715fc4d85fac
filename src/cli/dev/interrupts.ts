/** What a terminal's Ctrl-C, or a SIGTERM, says. */
export interface Interrupts {
  /** Aborted by the first one. */
  readonly signal: AbortSignal;
  /** Resolves at the first one. */
  readonly first: Promise<void>;
  /** Ends the listening. */
  dispose(): void;
}

/** Two within this time, in ms, are one: a process group gets Ctrl-C from the terminal, and again from the npx around it. */
const SAME_MS = 1000;

/** Listens for interrupts; `force` is called at a second one. */
export function listenForInterrupts(force: () => void): Interrupts {
  const controller = new AbortController();
  let firstAt = 0;
  const heard = (): void => {
    if (!controller.signal.aborted) {
      firstAt = Date.now();
      controller.abort();
    } else if (Date.now() - firstAt > SAME_MS) {
      force();
    }
  };
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of names) process.on(name, heard);
  return {
    signal: controller.signal,
    first: new Promise((resolve) => controller.signal.addEventListener('abort', () => resolve(), { once: true })),
    dispose: () => {
      for (const name of names) process.off(name, heard);
    },
  };
}
