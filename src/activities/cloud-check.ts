import { Context, log } from '@temporalio/activity';
import type { ProtocolDependencies } from '../cloud/create-protocol.ts';
import { asideOfRuns } from '../cloud/drift/aside-of-runs.ts';
import { observe } from '../cloud/observe.ts';
import { resolveRows, type ResolveDependencies } from '../cloud/resolve-rows.ts';
import type { CloudChecked, CloudCheckActivities, RowResolution } from '../contracts/cloud-check.ts';
import type { DriftLedger } from '../contracts/drift.ts';
import type { Sql } from '../ledger/connection.ts';
import { cloudChangers } from '../ledger/queries/cloud-changers.ts';
import { countCloudDrift } from '../ledger/queries/count-cloud-drift.ts';
import { listCloudRows } from '../ledger/queries/list-cloud-rows.ts';
import { listUnresolvedCloud } from '../ledger/queries/list-unresolved-cloud.ts';
import { putCloudDrift } from '../ledger/queries/put-cloud-drift.ts';
import { createResourceLedger } from '../ledger/resource-ledger.ts';
import { cloudNotConfigured } from './cloud-not-configured.ts';
import { Pulse } from './pulse.ts';

/** What a check is made of. */
export interface CloudCheckDependencies extends Pick<ResolveDependencies, 'runState'> {
  readonly sql: Sql;
  /** Null where no token is set: a check then fails with `CLOUD_NOT_CONFIGURED`. */
  readonly cloud: (Pick<ProtocolDependencies, 'port' | 'clock'> & { readonly gap_ms: number }) | null;
  /** What the provider can list. */
  readonly types: readonly string[];
}

/** The activities of checks, for the queue of the cloud. */
export function createCloudCheckActivities({ sql, cloud, types, runState }: CloudCheckDependencies): CloudCheckActivities {
  return {
    checkCloud: async ({ resolve }) => {
      if (!cloud) throw cloudNotConfigured();
      const { port, clock, gap_ms } = cloud;
      const { cancellationSignal: signal } = Context.current();
      const pulse = new Pulse();
      try {
        const left = resolve ? await listUnresolvedCloud(sql, { older_than_ms: 0 }) : [];
        const resolved = await resolveRows({ port, clock, ledger: createResourceLedger(sql), runState }, left, { gap_ms, signal });
        const seen = await observe({ port, ledger: driftLedger(sql) }, { types, signal });
        const findings = await asideOfRuns({ ledger: driftLedger(sql), runState }, seen);
        await putCloudDrift(sql, findings);
        return told({ checked_at: findings.began_at, counts: await countCloudDrift(sql), resolved });
      } finally {
        pulse.stop();
      }
    },
  };
}

function driftLedger(sql: Sql): DriftLedger {
  return {
    rows: (provider, since) => listCloudRows(sql, provider, since),
    changers: (resources, since) => cloudChangers(sql, resources, since),
  };
}

/** What was done without anybody's asking is in the log too. */
function told({ resolved, ...checked }: CloudChecked): CloudChecked {
  const done = resolved.filter(({ action }) => action !== 'left');
  for (const { urn, action, reason } of done) log[LEVELS[action]](`${urn}, left unfinished by its saga: ${action}, ${reason}`);
  return { ...checked, resolved: done };
}

const LEVELS = { deleted: 'info', left: 'info', failed: 'warn' } as const satisfies Readonly<Record<RowResolution['action'], string>>;
