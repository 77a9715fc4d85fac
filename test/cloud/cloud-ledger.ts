import { afterAll, beforeAll, beforeEach } from 'vitest';
import { closeLedger, openLedger, type Sql } from '../../src/ledger/connection.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';

/** A ledger for the tests of a file, without resources before each. */
export function useLedger(): { readonly sql: Sql } {
  let database: TestDatabase;
  let sql: Sql;
  beforeAll(async () => {
    database = await createTestDatabase();
    sql = openLedger(database.url);
  });
  afterAll(async () => {
    await closeLedger(sql);
    await database.drop();
  });
  beforeEach(async () => void (await sql`truncate cloud_resources, cloud_provisioned, cloud_spec_history, cloud_drift, events`));
  return {
    get sql() {
      return sql;
    },
  };
}
