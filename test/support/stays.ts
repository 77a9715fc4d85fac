import { setTimeout as pause } from 'node:timers/promises';

/** Looks again and again for `ms`, and throws as soon as `check` does not hold: for what must not happen. */
export async function stays(check: () => boolean | Promise<boolean>, ms: number, what: string): Promise<void> {
  const end = Date.now() + ms;
  while (Date.now() < end) {
    if (!(await check())) throw new Error(`${what} ceased to hold before ${ms} ms were over`);
    await pause(100);
  }
}
