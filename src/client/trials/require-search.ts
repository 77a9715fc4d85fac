import type { SagaRun } from '../../contracts/ledger.ts';
import { NAS_SEARCH } from '../../contracts/nas-search.ts';
import type { UserError } from '../../contracts/user-error.ts';
import type { Cerebros } from '../connect.ts';
import { refused } from '../errors.ts';
import { showRun } from '../show.ts';

/** The run of a search. Throws REFUSED (exit 5) for a run of another kind, and what `showRun` throws. */
export async function requireSearch(cerebros: Cerebros, id: string): Promise<SagaRun> {
  const run = await showRun(cerebros, id);
  if (run.kind !== NAS_SEARCH) throw notASearch(id, run.kind);
  return run;
}

export function notASearch(id: string, kind: string): UserError {
  return refused(`run ${id}: expected a run of the kind ${NAS_SEARCH}, got one of the kind ${kind}`, `cerebros list --kind ${NAS_SEARCH}`);
}
