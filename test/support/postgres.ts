import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { closeLedger, openLedger, withLedger } from '../../src/ledger/connection.ts';
import type { Sql } from '../../src/ledger/connection.ts';
import { migrate } from '../../src/ledger/migrate.ts';

/** A database of one test file's own. */
export interface TestDatabase {
  readonly url: string;
  /** Cuts every connection to it and removes it. */
  drop(): Promise<void>;
}

/** Makes a database on the Postgres of `CEREBROS_TEST_DATABASE_URL`, with the ledger's tables unless `empty`. */
export async function createTestDatabase({ empty = false, name = `test_${randomBytes(6).toString('hex')}` } = {}): Promise<TestDatabase> {
  const server = testServer();
  await withLedger(server, async (sql) => await sql.unsafe(`create database ${name}`));
  const url = new URL(server);
  url.pathname = `/${name}`;
  if (!empty) await withLedger(url.href, migrate);
  const drop = async () => await withLedger(server, async (sql) => void (await sql.unsafe(`drop database if exists ${name} with (force)`)));
  return { url: url.href, drop };
}

/** A ledger of its own for the tests of a file; made before the first of them, so that nothing may ask it earlier. */
export function useTestLedger(): { readonly sql: Sql; readonly url: string } {
  const url = new URL(testServer());
  url.pathname = `/test_${randomBytes(6).toString('hex')}`;
  const sql = openLedger(url.href);
  let database: TestDatabase | undefined;
  beforeAll(async () => void (database = await createTestDatabase({ name: url.pathname.slice(1) })));
  afterAll(async () => {
    await closeLedger(sql);
    await database?.drop();
  });
  return { sql, url: url.href };
}

/** Lends a migrated ledger of its own to `fn`. */
export async function withTestDatabase<T>(fn: (sql: Sql, url: string) => Promise<T>): Promise<T> {
  const database = await createTestDatabase();
  const sql = openLedger(database.url);
  try {
    return await fn(sql, database.url);
  } finally {
    await closeLedger(sql);
    await database.drop();
  }
}

/** The Postgres of this test run: the global setup starts one and sets the variable. */
export function testServer(): string {
  const url = process.env['CEREBROS_TEST_DATABASE_URL'];
  if (url === undefined) throw new Error('CEREBROS_TEST_DATABASE_URL is not set: expected the URL of a Postgres for tests');
  return url;
}
