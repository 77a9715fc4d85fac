import type { ProvisionedResource } from '../../contracts/cloud.ts';
import { expandOffboarding, expandSuspension } from '../../contracts/provision-expand.ts';
import type { ProvisionInput, ProvisionStep } from '../../contracts/provision.ts';
import { UserError } from '../../contracts/user-error.ts';
import type { Cerebros } from '../connect.ts';
import { inputOfRun } from '../input-of-run.ts';
import type { StackRemoval } from './complete-input.ts';
import { listResources } from './resources.ts';

/**
 * The steps for all that the ledger has of a stack and that is not deleted. A run that has the id already keeps its steps, so that the
 * same start returns it. Throws STACK_NOT_FOUND (exit 4) when there is nothing.
 */
export async function stackSteps(cerebros: Cerebros, removal: StackRemoval, id: string | undefined): Promise<readonly ProvisionStep[]> {
  const begun = id === undefined ? undefined : ((await inputOfRun(cerebros, id)) as unknown as Partial<ProvisionInput> | undefined);
  if (begun?.steps && begun.kind === removal.kind && begun.stack === removal.stack) return begun.steps;
  const { kind, stack } = removal;
  const rows = await listResources(cerebros, stack);
  const steps = kind === 'offboarding' ? expandOffboarding(rows) : expandSuspension(stack, rows, markOf(rows));
  if (steps.length > 0) return steps;
  throw new UserError('STACK_NOT_FOUND', `stack ${stack}: expected resources in the ledger, found none that is not deleted`, {
    hint: 'cerebros list --kind provision',
    exitCode: 4,
  });
}

/** A number that no snapshot of the stack has. */
function markOf(rows: readonly ProvisionedResource[]): string {
  const marks = rows.filter(({ type }) => type === 'snapshot').map(({ urn }) => Number(/-(\d+)$/.exec(urn)?.[1] ?? 0));
  return String(Math.max(0, ...marks) + 1);
}
