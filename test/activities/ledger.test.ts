import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createLedgerActivities } from '../../src/activities/ledger.ts';
import { closeLedger, openLedger } from '../../src/ledger/connection.ts';
import type { Sql } from '../../src/ledger/connection.ts';
import { getRun } from '../../src/ledger/queries/get-run.ts';
import { batch, event, step } from '../ledger/batches.ts';
import { createTestDatabase, testServer } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';

const POOL = 2;
const quiet = { logger: new DefaultLogger('ERROR') };
const dangling: unknown[] = [];
const note = (error: unknown) => void dangling.push(error);
let database: TestDatabase;
let admin: Sql;
let sql: Sql;
beforeAll(async () => {
  database = await createTestDatabase();
  admin = openLedger(database.url, { max: 1, application_name: 'admin' });
  process.on('unhandledRejection', note);
});
beforeEach(() => {
  sql = openLedger(database.url, { max: POOL, application_name: 'worker' });
});
afterEach(async () => {
  await closeLedger(sql);
  expect(dangling).toEqual([]);
});
afterAll(async () => {
  process.off('unhandledRejection', note);
  await closeLedger(admin);
  await database.drop();
});

describe('flushLedger', () => {
  test('writes a batch as a local and as a regular activity', async () => {
    const { flushLedger } = createLedgerActivities({ sql });
    await local().run(flushLedger, batch('plain', 1, { run: { status: 'running' } }));
    await regular().run(flushLedger, batch('plain', 2, { steps: [step(0)], events: [event('plain', '1')] }));
    expect(await getRun(admin, 'plain')).toMatchObject({ status: 'running', version: 2, steps: [{ status: 'completed' }] });
  });

  test('ends within 500 ms while Postgres is stopped, and works when it goes on', async () => {
    const { flushLedger } = createLedgerActivities({ sql });
    await Promise.all(Array.from({ length: POOL }, (_, n) => local().run(flushLedger, batch('stopped', n))));
    const pids = await backends();
    try {
      for (const pid of pids) process.kill(pid, 'SIGSTOP');
      const started = performance.now();
      const flushes = Array.from({ length: 20 }, (_, n) => local().run(flushLedger, batch(`stopped-${n}`, 10)));
      const outcomes = await Promise.allSettled(flushes);
      expect(performance.now() - started).toBeLessThan(800);
      expect(outcomes.map(reasonOf)).toEqual(Array.from({ length: 20 }, () => ({ type: 'LEDGER_TIMEOUT', nonRetryable: false })));
    } finally {
      for (const pid of pids) process.kill(pid, 'SIGCONT');
    }
    await local().run(flushLedger, batch('stopped', 11, { run: { status: 'running' } }));
    expect(await getRun(admin, 'stopped')).toMatchObject({ version: 11, status: 'running' });
  });

  test('refuses at once what comes while too many are waiting', async () => {
    const { flushLedger } = createLedgerActivities({ sql, inFlightMax: 3 });
    await locked(async () => {
      const outcomes = await Promise.allSettled(Array.from({ length: 5 }, (_, n) => local().run(flushLedger, batch(`many-${n}`, 1))));
      expect(outcomes.map((outcome) => reasonOf(outcome)?.type).toSorted((a, b) => String(a).localeCompare(String(b)))).toEqual([
        'LEDGER_BUSY',
        'LEDGER_BUSY',
        'LEDGER_TIMEOUT',
        'LEDGER_TIMEOUT',
        'LEDGER_TIMEOUT',
      ]);
    });
    await expect.poll(async () => await settled(local().run(flushLedger, batch('after', 1))), { timeout: 5_000 }).toBe('fulfilled');
  });
});

describe('flushLedger, when it is stopped or refused', () => {
  test('has Postgres stop the query when the activity is cancelled', async () => {
    const { flushLedger } = createLedgerActivities({ sql });
    const environment = regular();
    await locked(async () => {
      const flush = settled(environment.run(flushLedger, batch('cancelled', 1)));
      await expect.poll(waiting, { timeout: 5_000 }).toBe(1);
      environment.cancel();
      expect(await flush).toBe('rejected');
      await expect.poll(waiting, { timeout: 5_000 }).toBe(0);
    });
    expect(await getRun(admin, 'cancelled')).toBeUndefined();
  });

  test('leaves no dangling rejection when Postgres can neither run nor cancel a query', async () => {
    const proxy = await relay(database.url);
    const through = openLedger(proxy.url, { max: 1, application_name: 'worker' });
    const { flushLedger } = createLedgerActivities({ sql: through });
    await local().run(flushLedger, batch('cut', 1));
    proxy.refuse();
    await locked(async () => expect(await settled(local().run(flushLedger, batch('cut', 2)))).toBe('rejected'));
    await expect.poll(async () => (await getRun(admin, 'cut'))?.version, { timeout: 5_000 }).toBe(2);
    await closeLedger(through);
  });

  test.each([
    ['an unreachable Postgres', 'postgres://nobody@127.0.0.1:1/none', 'LEDGER_UNAVAILABLE', 'ECONNREFUSED'],
    ['a database that is gone', testServer().replace(/\/[^/]*$/, '/gone'), 'LEDGER_REFUSED', '3D000'],
  ])('fails for %s with a retryable failure that says so', async (_, url, type, text) => {
    const elsewhere = openLedger(url);
    const flush = local().run(createLedgerActivities({ sql: elsewhere }).flushLedger, batch('nowhere', 1));
    await expect(flush).rejects.toMatchObject({ type, nonRetryable: false, message: expect.stringContaining(text) });
    await closeLedger(elsewhere);
  });

  test('names the constraint of data that Postgres refuses, and stays retryable', async () => {
    const flush = local().run(
      createLedgerActivities({ sql }).flushLedger,
      batch('bad', 1, { steps: [step(0, { status: 'odd' as 'failed' })] }),
    );
    await expect(flush).rejects.toMatchObject({
      type: 'LEDGER_REFUSED',
      nonRetryable: false,
      message: expect.stringMatching(/^ledger: flush of bad at version 1 failed: .*saga_step_results_status_check/),
    });
  });
});

function local(): MockActivityEnvironment {
  return new MockActivityEnvironment({ isLocal: true, startToCloseTimeoutMs: 500 }, quiet);
}

function regular(): MockActivityEnvironment {
  return new MockActivityEnvironment({ isLocal: false }, quiet);
}

/** Passes connections on to Postgres; after `refuse` those that are open go on and new ones are refused. */
async function relay(databaseUrl: string): Promise<{ readonly url: string; refuse(): void }> {
  const url = new URL(databaseUrl);
  const { port, hostname } = url;
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) socket.on('error', () => {});
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  url.hostname = '127.0.0.1';
  url.port = typeof address === 'object' && address !== null ? String(address.port) : '';
  return { url: url.href, refuse: () => void server.close() };
}

function reasonOf(outcome: PromiseSettledResult<unknown>): { readonly type: unknown; readonly nonRetryable: unknown } | undefined {
  if (outcome.status === 'fulfilled') return undefined;
  return { type: Reflect.get(outcome.reason, 'type'), nonRetryable: Reflect.get(outcome.reason, 'nonRetryable') };
}

async function settled(promise: Promise<unknown>): Promise<'fulfilled' | 'rejected'> {
  const [outcome] = await Promise.allSettled([promise]);
  return outcome.status;
}

/** Runs `fn` while nobody else can write a run. */
async function locked(fn: () => Promise<void>): Promise<void> {
  const holder = openLedger(database.url, { max: 1 });
  await holder.begin(async (tx) => {
    await tx`lock table saga_runs in exclusive mode`;
    await fn();
  });
  await closeLedger(holder);
  await sleep(10);
}

async function backends(): Promise<number[]> {
  const rows = await admin<{ pid: number }[]>`
    select pid from pg_stat_activity where datname = current_database() and application_name = 'worker'`;
  expect(rows).toHaveLength(POOL);
  return rows.map((row) => row.pid);
}

async function waiting(): Promise<number> {
  const [row] = await admin<{ count: number }[]>`
    select count(*) from pg_stat_activity where datname = current_database() and application_name = 'worker' and wait_event_type = 'Lock'`;
  return row?.count ?? 0;
}
