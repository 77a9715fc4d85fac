import { afterEach, beforeEach } from 'vitest';
import type { Sql } from '../../src/ledger/connection.ts';
import { useLedger } from './cloud-ledger.ts';
import { startSmallCloud } from './small-cloud.ts';
import type { SmallCloud } from './small-cloud.ts';

/** A ledger for the tests of a file, empty before each, and a cloud for each. */
export function useProtocolWorld(): { readonly sql: Sql; readonly cloud: SmallCloud } {
  const { sql } = useLedger();
  let cloud: SmallCloud;
  beforeEach(async () => void (cloud = await startSmallCloud()));
  afterEach(async () => await cloud.close());
  return {
    sql,
    get cloud() {
      return cloud;
    },
  };
}
