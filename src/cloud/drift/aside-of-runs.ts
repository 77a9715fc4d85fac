import type { DriftFinding, DriftFindings, DriftLedger } from '../../contracts/drift.ts';
import type { RunState } from '../resolve-rows.ts';
import { unknown } from './verdict.ts';

export interface AsideOfRuns {
  readonly ledger: Pick<DriftLedger, 'changers'>;
  readonly runState: (saga_id: string) => Promise<RunState>;
}

/**
 * The findings, in which nothing has drifted that a run is changing, or was until after the look began: that is `unknown`. Asks about each
 * run once, and only about those that changed what would have drifted.
 */
export async function asideOfRuns({ ledger, runState }: AsideOfRuns, seen: DriftFindings): Promise<DriftFindings> {
  const drifted = seen.findings.filter(({ verdict }) => verdict === 'drifted').map(({ resource }) => resource);
  if (drifted.length === 0) return seen;
  const changers = await ledger.changers(drifted, seen.began_at);
  const changing = new Set(changers.filter(({ just_ended }) => just_ended).map(({ saga_id }) => saga_id));
  const others = new Set(changers.map(({ saga_id }) => saga_id).filter((id) => !changing.has(id)));
  for (const id of others) if ((await runState(id)) === 'open') changing.add(id);
  const by = new Map(changers.filter(({ saga_id }) => changing.has(saga_id)).map(({ resource, saga_id }) => [resource, saga_id]));
  return { ...seen, findings: seen.findings.map((one) => aside(one, by.get(one.resource))) };
}

function aside(finding: DriftFinding, saga_id: string | undefined): DriftFinding {
  return saga_id === undefined ? finding : { ...finding, ...unknown(`run ${saga_id} is changing it`) };
}
