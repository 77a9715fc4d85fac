import type { ProvisionedResource } from './cloud.ts';
import type { Json } from './ledger.ts';

/** `unmanaged`: there, but not in the ledger · `unknown`: could not be seen, or is being made or removed. */
export const DRIFT_VERDICTS = ['in_sync', 'drifted', 'missing', 'unmanaged', 'unknown'] as const;
export type DriftVerdict = (typeof DRIFT_VERDICTS)[number];

/** A field that is not as it is meant to be. */
export interface FieldDiff {
  /** As the spec calls it; `name` and `tags` too. */
  readonly field: string;
  readonly desired: Json;
  readonly actual: Json;
}

/** What a check found of one resource: a row of `cloud_drift`. Times are ISO 8601 in UTC. */
export interface DriftReport {
  /** Its urn; of what is unmanaged `PROVIDER:TYPE:ID`. */
  readonly resource: string;
  readonly provider: string;
  readonly type: string;
  /** Its name at the provider. */
  readonly name: string;
  readonly provider_id: string | null;
  readonly verdict: DriftVerdict;
  /** Empty unless it has drifted. */
  readonly diff: readonly FieldDiff[];
  /** Why it is unknown, else null. */
  readonly reason: string | null;
  /** When the check began that found it. */
  readonly checked_at: string;
}

/** How many resources have each verdict. */
export type DriftCounts = Readonly<Record<DriftVerdict, number>>;

/** What a check found of one resource, before it is kept. */
export interface DriftFinding extends Omit<DriftReport, 'provider' | 'checked_at'> {
  /** As seen; null when it was not. */
  readonly observed: Json;
  /** The row it was compared with: one that has changed since gets no verdict. Null of what is unmanaged. */
  readonly row: Pick<ProvisionedResource, 'state' | 'updated_at'> | null;
}

/** What a check found of all resources of a provider. */
export interface DriftFindings {
  readonly provider: string;
  /** By the ledger's clock. */
  readonly began_at: string;
  /** Types that could not be listed: what was unmanaged among them is kept. */
  readonly unlisted: readonly string[];
  readonly findings: readonly DriftFinding[];
}

/** Who has changed last how a resource is meant. */
export interface CloudChanger {
  readonly resource: string;
  /** The run. */
  readonly saga_id: string;
  /** Whether that run has ended at `since` or later. */
  readonly just_ended: boolean;
}

/** The ledger as a check reads it. */
export interface DriftLedger {
  /** Resources of a provider that are not deleted, or were not at `since` (default: now), and the time of the ledger's clock. */
  rows(provider: string, since?: string): Promise<{ readonly at: string; readonly rows: readonly ProvisionedResource[] }>;
  /** Of resources that were changed, by whom; at most 10,000. */
  changers(resources: readonly string[], since: string): Promise<readonly CloudChanger[]>;
}
