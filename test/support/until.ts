import { setTimeout as pause } from 'node:timers/promises';

/** Polls until `check` answers something truthy, and returns it; throws after `ms`. The one place where tests wait by the clock. */
export async function until<T>(check: () => T | Promise<T>, ms = 30_000, what = 'the condition'): Promise<NonNullable<T>> {
  const deadline = Date.now() + ms;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`${what} did not hold within ${ms} ms`);
    await pause(20);
  }
}
