import { stepIndex } from '../contracts/plan.ts';
import type { Cerebros } from './connect.ts';
import { invalidInput } from './errors.ts';
import type { FoldedRun } from './history/folded.ts';
import { reenter, type ReentryResult } from './reenter.ts';
import { planRecover } from './reentry.ts';

export interface RecoverOptions {
  /** Name or index of the first step that runs again. */
  readonly from_step: string | number;
  /** Only say what would be reused, undone and run. Default false. */
  readonly dry_run?: boolean | undefined;
}

/** Undoes the completed steps from `from_step` on, then goes on from there. Throws as `reenter` does; exit 2 for a step that is none. */
export function recoverRun(cerebros: Cerebros, id: string, { from_step, dry_run }: RecoverOptions): Promise<ReentryResult> {
  return reenter(cerebros, id, {
    plan: (folded) => planRecover(folded, indexOf(folded, String(from_step))),
    status: 'recovering',
    dry_run,
  });
}

/** One past the end is the end: the engine says whether that makes sense. */
function indexOf(folded: FoldedRun, step: string): number {
  const idx = step === String(folded.plan.length) ? folded.plan.length : stepIndex({ kind: folded.kind, steps: folded.plan }, step);
  if (idx !== undefined) return idx;
  const names = folded.plan.slice(0, 20).map((one, at) => `${at} ${one.name}`);
  throw invalidInput(
    `run ${folded.id}: expected a step's name or index (${names.join(', ')}), got "${step}"`,
    `cerebros graph ${folded.id}`,
  );
}
