import { refOf } from '../../contracts/provision-expand.ts';
import { UserError } from '../../contracts/user-error.ts';
import type { Cerebros } from '../connect.ts';
import { checkDrift } from '../drift.ts';
import type { StartedRun } from '../start.ts';
import { startPlanned } from './apply.ts';
import { planRestore, type StackPlan } from './plan.ts';

/** What is done about the drift of a stack. */
export interface Restore extends Pick<StackPlan, 'stack' | 'changes' | 'issues'> {
  /** The run that waits for an approval; null when nothing can be restored. */
  readonly run: StartedRun | null;
}

export interface RestoreOptions {
  /** Default: every stack that has drifted. */
  readonly stack?: string | undefined;
  /** Who asks, as asserted; may not approve it. */
  readonly as?: string | undefined;
}

/**
 * Starts a saga for each stack that has drifted, which makes it again as the ledger means it, once people have agreed in its step
 * `approve`. What nobody can change back is among `issues`. Throws as `checkDrift` and `startSaga` do.
 */
export async function restoreDrift(cerebros: Cerebros, { stack, as }: RestoreOptions = {}): Promise<Restore[]> {
  const restores: Restore[] = [];
  for (const name of stack === undefined ? await driftedStacks(cerebros) : [stack]) {
    restores.push(await restoreStack(cerebros, name, as));
  }
  return restores;
}

async function restoreStack(cerebros: Cerebros, stack: string, as: string | undefined): Promise<Restore> {
  const { changes, issues, ...plan } = await planRestore(cerebros, stack);
  try {
    return { stack, changes, issues, run: (await startPlanned(cerebros, { changes, issues, ...plan }, { as })) ?? null };
  } catch (error) {
    // Another run, perhaps an earlier restoring that waits; it does not keep others from theirs.
    if (!(error instanceof UserError) || error.code !== 'STACK_HELD') throw error;
    return { stack, changes, issues: [...issues, { resource: stack, message: error.message }], run: null };
  }
}

async function driftedStacks(cerebros: Cerebros): Promise<string[]> {
  const { resources } = await checkDrift(cerebros);
  const drifted = resources.filter(({ verdict }) => verdict === 'drifted' || verdict === 'missing');
  return [...new Set(drifted.map(({ resource }) => resource.slice('urn:cerebros:'.length, -refOf(resource).length - 1)))];
}
