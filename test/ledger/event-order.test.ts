import { expect, test } from 'vitest';
import { closeLedger, openLedger } from '../../src/ledger/connection.ts';
import type { Sql } from '../../src/ledger/connection.ts';
import { eventsAfter } from '../../src/ledger/queries/events-after.ts';
import type { StoredEvent } from '../../src/ledger/queries/events-after.ts';
import { flushBatch } from '../../src/ledger/queries/flush-batch.ts';
import { withTestDatabase } from '../support/postgres.ts';
import { batch, event, step } from './batches.ts';

const WRITERS = 8;
const BATCHES = 50;
const EVENTS = 3;

test('a reader by seq misses no event of eight writers, and sees those of each in their order', async () => {
  await withTestDatabase(async (sql, url) => {
    const writers = Array.from({ length: WRITERS }, (_, writer) => write(url, `run-${writer}`));
    const [seen] = await Promise.all([read(sql), ...writers]);
    expect(seen.map((stored) => stored.seq)).toEqual(seen.map((stored) => stored.seq).toSorted((a, b) => a - b));
    for (let writer = 0; writer < WRITERS; writer += 1) {
      const own = seen.filter((stored) => stored.subject === `run-${writer}`);
      expect(own.map((stored) => stored.id)).toEqual(written(`run-${writer}`));
    }
  });
}, 20_000);

test('a reader misses no event of a writer that commits late', async () => {
  await withTestDatabase(async (sql) => {
    const slow = sql.begin(async (tx) => {
      await flushBatch(tx, batch('slow', 1, { events: [event('slow', '1')] }));
      await tx`select pg_sleep(0.3)`;
    });
    await sql`select pg_sleep(0.1)`;
    const fast = flushBatch(sql, batch('fast', 1, { events: [event('fast', '1')] }));
    await sql`select pg_sleep(0.1)`;
    const early = await eventsAfter(sql, { after: 0 });
    await Promise.all([slow, fast]);
    const late = await eventsAfter(sql, { after: early.at(-1)?.seq ?? 0 });
    expect([...early, ...late].map((stored) => stored.subject)).toEqual(['slow', 'fast']);
  });
});

async function write(url: string, id: string): Promise<void> {
  const sql = openLedger(url, { max: 1 });
  for (let n = 0; n < BATCHES; n += 1) {
    const events = Array.from({ length: EVENTS }, (_, idx) => event(id, `${n}.${idx}`));
    await flushBatch(sql, batch(id, n + 1, { steps: [step(n)], events }));
  }
  await closeLedger(sql);
}

function written(id: string): string[] {
  return Array.from({ length: BATCHES * EVENTS }, (_, n) => `${id}/root/${Math.floor(n / EVENTS)}.${n % EVENTS}`);
}

async function read(sql: Sql): Promise<StoredEvent[]> {
  const seen: StoredEvent[] = [];
  const deadline = Date.now() + 15_000;
  while (seen.length < WRITERS * BATCHES * EVENTS && Date.now() < deadline) {
    seen.push(...(await eventsAfter(sql, { after: seen.at(-1)?.seq ?? 0, limit: 50 })));
  }
  return seen;
}
