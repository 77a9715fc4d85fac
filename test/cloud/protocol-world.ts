import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { closeLedger, openLedger } from '../../src/ledger/connection.ts';
import type { Sql } from '../../src/ledger/connection.ts';
import { createTestDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { startSmallCloud } from './small-cloud.ts';
import type { SmallCloud } from './small-cloud.ts';

/** A ledger for the tests of a file, empty before each, and a cloud for each. */
export function useProtocolWorld(): { readonly sql: Sql; readonly cloud: SmallCloud } {
  let database: TestDatabase;
  let sql: Sql;
  let cloud: SmallCloud;
  beforeAll(async () => {
    database = await createTestDatabase();
    sql = openLedger(database.url);
  });
  afterAll(async () => {
    await closeLedger(sql);
    await database.drop();
  });
  beforeEach(async () => {
    await sql`truncate cloud_resources, cloud_provisioned cascade`;
    cloud = await startSmallCloud();
  });
  afterEach(async () => await cloud.close());
  return {
    get sql() {
      return sql;
    },
    get cloud() {
      return cloud;
    },
  };
}
