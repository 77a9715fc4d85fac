import type { Clock } from '../../src/cloud/clock.ts';

/** Time that passes only by being slept away, at once. */
export class VirtualClock implements Clock {
  readonly slept: number[] = [];
  /** Called before each sleep ends. */
  onSleep: () => Promise<void> | void = () => {};
  #now = Date.parse('2026-01-01T00:00:00Z');

  now(): number {
    return this.#now;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.#now += ms;
    this.slept.push(ms);
    await this.onSleep();
  }
}
