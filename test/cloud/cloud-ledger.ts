import { beforeEach } from 'vitest';
import { useTestLedger } from '../support/postgres.ts';

/** A ledger for the tests of a file, without resources before each. */
export function useLedger(): ReturnType<typeof useTestLedger> {
  const ledger = useTestLedger();
  const { sql } = ledger;
  beforeEach(async () => void (await sql`truncate cloud_resources, cloud_provisioned, cloud_spec_history, cloud_drift, events`));
  return ledger;
}
