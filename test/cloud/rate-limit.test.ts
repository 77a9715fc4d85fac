import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createResource } from '../../src/cloud/create-protocol.ts';
import type { ProtocolDependencies } from '../../src/cloud/create-protocol.ts';
import { digitalOceanPort } from '../../src/cloud/digitalocean/port.ts';
import { createEmulator } from '../../src/cloud/emulator/create-emulator.ts';
import { bucketOf, createRateLimit } from '../../src/cloud/rate-limit.ts';
import type { RateLimit, RateLimitOptions } from '../../src/cloud/rate-limit.ts';
import { closeLedger, openLedger } from '../../src/ledger/connection.ts';
import type { Sql } from '../../src/ledger/connection.ts';
import { createCallBudget, createResourceLedger } from '../../src/ledger/resource-ledger.ts';
import { createTestDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { VirtualClock } from './virtual-clock.ts';
import { testApi, volumeRequest } from './volume-world.ts';

let database: TestDatabase;
let workers: readonly Sql[];
let clock: VirtualClock;
let token_sha256: string;
beforeAll(async () => {
  database = await createTestDatabase();
  workers = [openLedger(database.url), openLedger(database.url)];
});
afterAll(async () => {
  await Promise.all(workers.map(closeLedger));
  await database.drop();
});
beforeEach(() => {
  clock = new VirtualClock();
  token_sha256 = randomBytes(32).toString('hex');
});

/** A limit per worker, on one token, with the budget counted by the test's clock. */
function limits(options: Partial<RateLimitOptions> = {}): readonly RateLimit[] {
  return workers.map((sql) => {
    const budget = createCallBudget(sql);
    const at = () => new Date(clock.now()).toISOString();
    const onClock = {
      take: async (draw: Parameters<typeof budget.take>[0]) => await budget.take({ ...draw, at: at() }),
      correct: async (said: Parameters<typeof budget.correct>[0]) => await budget.correct({ ...said, at: at() }),
    };
    return createRateLimit({ budget: onClock, token_sha256, clock, wait_ms_max: 24 * 3_600_000, ...options });
  });
}

/** When each of `count` calls was let through, taken by turns by all workers at once. */
async function takeAll(all: readonly RateLimit[], count: number): Promise<number[]> {
  const times: number[] = [];
  const takes = Array.from({ length: count }, async (_, i) => {
    await all[i % all.length]?.take();
    times.push(clock.now());
  });
  await Promise.all(takes);
  return times.toSorted((a, b) => a - b);
}

function mostWithin(times: readonly number[], ms: number): number {
  return Math.max(...times.map((start) => times.filter((time) => time >= start && time < start + ms).length));
}

describe('a rate limit over two workers', () => {
  test('lets 60 creates with their looks through at once, and more within both limits', async () => {
    expect(mostWithin(await takeAll(limits(), 120), 1)).toBe(120);
    const times = await takeAll(limits(), 280);
    const all = [...Array.from({ length: 120 }, () => times[0] ?? 0), ...times];
    expect(mostWithin(all, 60_000)).toBeLessThanOrEqual(240);
    expect(mostWithin(all, 60_000)).toBeGreaterThan(200);
  });

  test('keeps 150 creates of two workers within what the provider allows', async () => {
    const emulator = await createEmulator({ clock });
    const all = limits().map((rate_limit, i) => {
      const port = digitalOceanPort(testApi(emulator.url, { rate_limit }));
      return { port, ledger: createResourceLedger(workers[i] as Sql), clock };
    });
    const creates = Array.from({ length: 150 }, async (_, i) => {
      await createResource(all[i % 2] as ProtocolDependencies, volumeRequest(`create/${i}`));
    });
    await Promise.all(creates);
    const { requests, created } = emulator.truth();
    await emulator.close();
    expect(created.volume).toBe(150);
    expect(Object.values(requests)).toMatchObject([{ total: 300, limited: 0 }]);
    expect(clock.slept.length).toBeGreaterThan(0);
  });

  test('holds the limit of the hour over three hours', async () => {
    const times = await takeAll(limits({ limits: { per_minute: 10, per_hour: 40 } }), 120);
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(2.9 * 3_600_000);
    expect(mostWithin(times, 3_600_000)).toBeLessThanOrEqual(40);
    expect(mostWithin(times, 3_600_000)).toBeGreaterThan(35);
    expect(mostWithin(times, 60_000)).toBeLessThanOrEqual(10);
  });

  test('sends nothing while one of them was told to wait', async () => {
    const [one, other] = limits();
    const began = clock.now();
    await one?.take();
    await one?.correct({ left: 0, blocked_ms: 29_000 });
    await other?.take();
    expect(clock.now() - began).toBeGreaterThanOrEqual(29_000);
    expect(clock.slept.length).toBeLessThan(4);
  });

  test('takes over that others used the token up', async () => {
    const [one, other] = limits();
    await one?.take();
    await one?.correct({ left: 2, blocked_ms: 0 });
    const began = clock.now();
    for (const _ of [1, 2, 3]) await other?.take();
    expect(clock.now() - began).toBeGreaterThan(500);
    await other?.correct({ left: 4_000, blocked_ms: 0 });
    const [before] = clock.slept.slice(-1);
    await other?.take();
    expect(clock.slept.at(-1)).toBeGreaterThan((before ?? 0) / 2);
  });

  test('gives up at once when the wait would be too long, and stops waiting when aborted', async () => {
    const [one, other] = limits({ wait_ms_max: 20_000 });
    await one?.take();
    await one?.correct({ left: 0, blocked_ms: 29_000 });
    const expected = { code: 'RATE_LIMITED', retryable: true, outcome: 'refused', retry_after_ms: 29_000 };
    await expect(other?.take()).rejects.toMatchObject(expected);
    expect(clock.slept).toEqual([]);
    await expect(one?.take(AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
  });

  test('lets those behind one that was aborted through', async () => {
    const [one] = limits();
    const stop = new AbortController();
    const takes = [undefined, stop.signal, undefined].map(async (signal) => await one?.take(signal));
    stop.abort(new Error('stopped'));
    const settled = await Promise.allSettled(takes);
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });
});

test('the bucket keeps both limits in every window', () => {
  for (const given of [
    { per_minute: 250, per_hour: 5000 },
    { per_minute: 10, per_hour: 40 },
    { per_minute: 1000, per_hour: 1000 },
  ]) {
    const { burst, calls_per_s } = bucketOf(given);
    expect(burst + 60 * calls_per_s).toBeLessThanOrEqual(given.per_minute);
    expect(burst + 3600 * calls_per_s).toBeLessThanOrEqual(given.per_hour);
    expect(burst).toBeGreaterThan(1);
  }
  expect(bucketOf({ per_minute: 250, per_hour: 5000 })).toEqual({ burst: 162, calls_per_s: 1.3 });
});
