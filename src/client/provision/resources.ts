import { RESOURCE_STATES, type ProvisionedResource } from '../../contracts/cloud.ts';
import { listCloudResources } from '../../ledger/queries/list-cloud-resources.ts';
import { callLedger, type Cerebros } from '../connect.ts';

/** What the ledger has of a stack, or of all, that is not deleted; the oldest first, at most 1,000. Throws LEDGER_UNREACHABLE (exit 3). */
export async function listResources(cerebros: Cerebros, stack?: string): Promise<readonly ProvisionedResource[]> {
  const states = RESOURCE_STATES.filter((state) => state !== 'deleted');
  return callLedger(cerebros, (sql) => listCloudResources(sql, { ...(stack === undefined ? {} : { stack }), states }));
}
