import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { subscribe } from '../../src/client/subscribe.ts';
import { closeLedger, openLedger, withLedger } from '../../src/ledger/connection.ts';
import type { Sql } from '../../src/ledger/connection.ts';
import { flushBatch } from '../../src/ledger/queries/flush-batch.ts';
import { batch, event } from '../ledger/batches.ts';
import { createTestDatabase, testServer } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';

let database: TestDatabase;
let sql: Sql;
beforeAll(async () => {
  database = await createTestDatabase();
  sql = openLedger(database.url, { max: 2 });
});
beforeEach(async () => {
  await withLedger(database.url, async (own) => await own`truncate events restart identity`);
});
afterAll(async () => {
  await closeLedger(sql);
  await database.drop();
});

test('delivers the matching events from a seq on, in order, across pages', async () => {
  await publish(0, 1200);
  const seen: string[] = [];
  await follow('cerebros.saga.step.*', seen, { from: 11, until: 595 });
  expect(seen).toEqual(Array.from({ length: 595 }, (_, n) => `run/root/${n * 2 + 10}`));
});

test('delivers only what comes from now on when no seq is given', async () => {
  await publish(0, 10);
  const seen: string[] = [];
  const following = follow('**', seen, { until: 2 });
  // It is not told when the following begins, so events come one by one until it has its two.
  let next = 10;
  for (; seen.length < 2 && next < 100_000; next += 1) await publish(next, 1);
  await following;
  const first = Number(seen[0]?.split('/').at(-1));
  expect(first).toBeGreaterThanOrEqual(10);
  expect(seen).toEqual([`run/root/${first}`, `run/root/${first + 1}`]);
});

test('waits for the handler before it hands over the next event', async () => {
  await publish(0, 5);
  const stop = new AbortController();
  let running = 0;
  let handled = 0;
  const handler = async () => {
    running += 1;
    expect(running).toBe(1);
    await sleep(10);
    running -= 1;
    handled += 1;
    if (handled === 5) stop.abort();
  };
  await subscribe(sql, '**', handler, { from: 1, signal: stop.signal });
  expect(handled).toBe(5);
});

test('resolves at once when it is aborted, even while Postgres does not answer', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const address = silent.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const unanswered = openLedger(`postgres://nobody@127.0.0.1:${port}/none`, { max: 1 });
  const stop = new AbortController();
  const following = subscribe(unanswered, '**', () => {}, { from: 1, signal: stop.signal });
  await once(silent, 'connection');
  const aborted = performance.now();
  stop.abort();
  await following;
  expect(performance.now() - aborted).toBeLessThan(500);
  await unanswered.end({ timeout: 0 });
  silent.close();
});

test('goes on after Postgres was away, without a gap and without a repetition', async () => {
  await publish(0, 3);
  const seen: string[] = [];
  const errors: unknown[] = [];
  const following = follow('**', seen, { from: 1, until: 6, onError: (error) => errors.push(error) });
  await expect.poll(() => seen.length, { timeout: 5_000 }).toBe(3);
  await outage(async () => await expect.poll(() => errors.length, { timeout: 5_000 }).toBeGreaterThan(1));
  await publish(3, 3);
  await following;
  expect(seen).toEqual(Array.from({ length: 6 }, (_, n) => `run/root/${n}`));
}, 20_000);

test('rejects with the error of its handler', async () => {
  await publish(0, 1);
  const failing = () => {
    throw new Error('handler broke');
  };
  await expect(subscribe(sql, '**', failing, { from: 1, signal: new AbortController().signal })).rejects.toThrow('handler broke');
});

/**
 * Events numbered from `first`, every second one of a step. Through a connection of its own: a pool whose connection was ended by
 * Postgres fails one more query with that old error.
 */
async function publish(first: number, count: number): Promise<void> {
  const events = Array.from({ length: count }, (_, n) =>
    event('run', String(first + n), (first + n) % 2 === 0 ? 'cerebros.saga.step.started' : 'cerebros.saga.running'),
  );
  await withLedger(database.url, async (own) => await flushBatch(own, batch('run', 1, { events })));
}

interface Following {
  readonly from?: number;
  readonly until: number;
  readonly onError?: (error: unknown) => void;
}

/** Subscribes until `until` events have come. */
async function follow(pattern: string, seen: string[], { until, ...options }: Following): Promise<void> {
  const stop = new AbortController();
  const note = (stored: { readonly id: string }) => {
    seen.push(stored.id);
    if (seen.length === until) stop.abort();
  };
  await subscribe(sql, pattern, note, { ...options, poll_ms: 20, signal: AbortSignal.any([stop.signal, AbortSignal.timeout(15_000)]) });
}

/** Nobody can reach the database while `fn` runs. */
async function outage(fn: () => Promise<void>): Promise<void> {
  const name = new URL(database.url).pathname.slice(1);
  await withLedger(testServer(), async (server) => {
    await server.unsafe(`alter database ${name} with allow_connections false`);
    await server`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`;
    try {
      await fn();
    } finally {
      await server.unsafe(`alter database ${name} with allow_connections true`);
    }
  });
}
